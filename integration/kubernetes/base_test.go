package kubernetes

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// objects is one value of each kind that the manifests may have.
func objects() map[string]any {
	return map[string]any{
		"Namespace": &corev1.Namespace{}, "ConfigMap": &corev1.ConfigMap{}, "Secret": &corev1.Secret{},
		"Deployment": &appsv1.Deployment{}, "PodMonitor": &monitoringv1.PodMonitor{},
	}
}

// build returns what kustomize makes of a folder, each object decoded by the API's type of its kind. A field that the
// type does not have is an error.
func build(t *testing.T, folder string) map[string]any {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	require.NoError(t, err)
	out := map[string]any{}
	for _, r := range built.Resources() {
		text, err := r.AsYAML()
		require.NoError(t, err)
		object, known := objects()[r.GetKind()]
		require.True(t, known, "an object of kind %s: add its type here", r.GetKind())
		require.NoError(t, yaml.UnmarshalStrict(text, object), "%s: %s", r.GetKind(), text)
		out[r.GetKind()] = object
	}
	return out
}

func TestTheBaseIsWhatTheAPITakes(t *testing.T) {
	got := build(t, "../../docs/kubernetes")
	d := got["Deployment"].(*appsv1.Deployment)
	monitor := got["PodMonitor"].(*monitoringv1.PodMonitor)
	config := got["ConfigMap"].(*corev1.ConfigMap)
	pod := d.Spec.Template
	require.Equal(t, "tablehaul", d.Namespace)
	require.Equal(t, pod.Labels, d.Spec.Selector.MatchLabels)
	require.Equal(t, pod.Labels, monitor.Spec.Selector.MatchLabels)
	require.Equal(t, pod.Spec.Containers[0].Ports[0].Name, *monitor.Spec.PodMetricsEndpoints[0].Port)
	require.Equal(t, config.Name, pod.Spec.Volumes[0].ConfigMap.Name, "kustomize has put the map's hash into both")
	require.NotEqual(t, "tablehaul", config.Name)
	require.Contains(t, config.Data, "tablehaul.yaml")
	require.True(t, *pod.Spec.SecurityContext.RunAsNonRoot)
	require.Greater(t, *pod.Spec.TerminationGracePeriodSeconds, int64(30))
}

// The page's overlay is built as it is written there.
func TestTheOverlayOfThePage(t *testing.T) {
	page, err := os.ReadFile("../../docs/kubernetes.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```yaml\n(# [^\n]*kustomization.yaml\n.*?)```").FindSubmatch(page)
	require.NotNil(t, blocks, "the page has no overlay")
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "base"), os.DirFS("../../docs/kubernetes")))
	overlay := filepath.Join(dir, "overlay")
	require.NoError(t, os.Mkdir(overlay, 0o700))
	text := regexp.MustCompile(`https://github\.com/\S+`).ReplaceAllString(string(blocks[1]), "../base")
	for name, content := range map[string]string{
		"kustomization.yaml": text, "tablehaul.yaml": "connections: {}\n",
		"secret.env": "SHOP_DSN=reader:secret@tcp(db1:3306)/\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(overlay, name), []byte(content), 0o600))
	}
	got := build(t, overlay)
	container := got["Deployment"].(*appsv1.Deployment).Spec.Template.Spec.Containers[0]
	secret := got["Secret"].(*corev1.Secret)
	require.True(t, strings.HasPrefix(container.Image, "registry.example.com/tablehaul:"), container.Image)
	require.Equal(t, secret.Name, container.EnvFrom[0].SecretRef.Name)
	require.Equal(t, "connections: {}\n", got["ConfigMap"].(*corev1.ConfigMap).Data["tablehaul.yaml"])
	require.Contains(t, secret.Data, "SHOP_DSN")
}
