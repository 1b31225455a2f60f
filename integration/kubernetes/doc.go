// Package kubernetes checks the manifests of docs/kubernetes: kustomize builds them, and each object is one that the
// API's own types take, field by field.
package kubernetes
