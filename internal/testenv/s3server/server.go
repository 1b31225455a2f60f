package s3server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/process"
)

const (
	// readyTimeout bounds the start of the server, which takes half a second alone on a machine.
	readyTimeout = 30 * time.Second
	// stopGrace is how long it gets to end.
	stopGrace = 5 * time.Second
	// Region is what the server calls its own, unless TABLEHAUL_TEST_S3_URL says otherwise.
	Region = "eu-north-1"
)

// Server is a running S3 server.
type Server struct {
	// Endpoint is http://host:port.
	Endpoint string

	// given is the URL of a server that was given; nil where we started one.
	given *url.URL
	child *process.Child
	dir   string
}

// Start finds or starts a server, and sets the environment of this process so that the AWS
// SDK's default chain finds the credentials of one that it has started, and no others.
func Start(ctx context.Context) (*Server, error) {
	if text := os.Getenv("TABLEHAUL_TEST_S3_URL"); text != "" {
		return given(text)
	}
	binary, err := Build(ctx)
	if err != nil {
		return nil, err
	}
	s := &Server{}
	if s.dir, err = process.TempDir("tablehaul-s3"); err != nil {
		return nil, err
	}
	if err := s.run(ctx, binary); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func given(text string) (*Server, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "s3" || u.Query().Get("endpoint") == "" {
		return nil, errors.New("TABLEHAUL_TEST_S3_URL: write s3://bucket/prefix?endpoint=http://host:port&region=…")
	}
	return &Server{Endpoint: u.Query().Get("endpoint"), given: u}, nil
}

func (s *Server) run(ctx context.Context, binary string) error {
	port, err := process.FreePort()
	if err != nil {
		return err
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	s.Endpoint = "http://" + address
	for _, dir := range []string{"data", "meta"} {
		if err := os.Mkdir(filepath.Join(s.dir, dir), 0o700); err != nil {
			return err
		}
	}
	access, secret := rand.Text(), rand.Text()
	// A sidecar instead of extended attributes, which not every temporary folder has.
	cmd := exec.Command(binary, "--port", address, "--region", Region, "--quiet", "--keep-alive",
		"posix", "--sidecar", filepath.Join(s.dir, "meta"), filepath.Join(s.dir, "data")) //nolint:noctx // see Stop
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+access, "ROOT_SECRET_KEY="+secret)
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the child has its own
	cmd.Stdout, cmd.Stderr = log, log
	if s.child, err = process.Start(cmd); err != nil {
		return fmt.Errorf("start versitygw: %w", err)
	}
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": access, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	} {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	return s.ready(ctx)
}

// ready waits until the server answers anything.
func (s *Server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Endpoint+"/", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			return response.Body.Close()
		}
		select {
		case <-s.child.Done():
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
			continue
		}
		log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		return fmt.Errorf("versitygw does not answer: %w:\n%s", err, log)
	}
}

// Stop ends a server that was started, and removes its folder.
func (s *Server) Stop() error {
	var err error
	if s.child != nil {
		err = s.child.Stop(stopGrace)
	}
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}

// Place returns the staging URL of an empty place that no other test uses.
func (s *Server) Place() (string, error) {
	u, err := s.place(s.Endpoint, "")
	if err != nil {
		return "", fmt.Errorf("a place for staged files: %w", err)
	}
	return u.String(), nil
}

// place makes a URL of a place of its own: a new bucket, or on a given server a new prefix,
// with some parameters more, such as "sse=AES256". The server is asked through endpoint.
func (s *Server) place(endpoint, more string) (*url.URL, error) {
	name := "th-" + strings.ToLower(rand.Text()[:12])
	u := &url.URL{Scheme: "s3", Host: name, Path: "/staging"}
	query := url.Values{"region": {Region}}
	if s.given != nil {
		u.Host, u.Path, query = s.given.Host, strings.TrimSuffix(s.given.Path, "/")+"/"+name, s.given.Query()
	} else if err := os.Mkdir(filepath.Join(s.dir, "data", name), 0o700); err != nil { // a bucket is a folder
		return nil, err
	}
	query.Set("endpoint", endpoint)
	extra, err := url.ParseQuery(more)
	if err != nil {
		return nil, err
	}
	for key := range extra {
		query.Set(key, extra.Get(key))
	}
	u.RawQuery = query.Encode()
	return u, nil
}
