//go:build unix

package localserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/process"
)

// Images that are used when the environment names none: the long-term releases.
var defaultImage = map[Flavor]string{FlavorMySQL: "mysql:8.4", FlavorMariaDB: "mariadb:11.4"}

const (
	dockerProbe = 5 * time.Second // an engine that takes longer to answer is as good as none
	dockerPull  = 10 * time.Minute
	ownerLabel  = "tablehaul.servers.pid"
)

// A container is a server in a Docker container.
type container struct {
	flavor Flavor
	image  string
	port   int
	opts   Options
	id     string
}

func docker(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "docker", args...).CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		return "", fmt.Errorf("docker %s: %w: %s", args[0], err, lastLine(text))
	}
	return text, nil
}

// dockerImage returns the image to run when an engine answers and has the image or can
// pull it. "" is the flavor's default; "none" leaves Docker alone.
func dockerImage(ctx context.Context, f Flavor, image string) (string, error) {
	if image == "none" {
		return "", errors.New("docker is switched off by the environment")
	}
	image = cmp.Or(image, defaultImage[f])
	if _, err := exec.LookPath("docker"); err != nil {
		return "", errors.New("no docker command on PATH")
	}
	probe, cancel := context.WithTimeout(ctx, dockerProbe)
	defer cancel()
	if _, err := docker(probe, "version", "--format", "{{.Server.Version}}"); err != nil {
		return "", err
	}
	if _, err := docker(ctx, "image", "inspect", "--format", "{{.Id}}", image); err == nil {
		return image, nil
	}
	pull, cancelPull := context.WithTimeout(ctx, dockerPull)
	defer cancelPull()
	_, err := docker(pull, "pull", "--quiet", image)
	return image, err
}

func (c *container) start(ctx context.Context) error {
	if c.id != "" {
		_, err := docker(ctx, "start", c.id)
		return err
	}
	removeOrphanContainers(ctx)
	args := []string{
		"run", "--detach", "--label", ownerLabel + "=" + strconv.Itoa(os.Getpid()),
		"--publish", fmt.Sprintf("127.0.0.1:%d:3306", c.port),
		"--env", "MYSQL_ALLOW_EMPTY_PASSWORD=1", "--env", "MYSQL_ROOT_HOST=%",
		"--env", "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=1", "--env", "MARIADB_ROOT_HOST=%",
	}
	if c.opts.DataDir != "" {
		args = append(args, "--volume", c.opts.DataDir+":/var/lib/mysql")
	}
	args = append(args, c.image)
	id, err := docker(ctx, append(args, serverArgs(c.flavor, c.opts)...)...)
	if err != nil {
		return err
	}
	c.id = lastLine(id)
	return nil
}

func (c *container) ended() error {
	ctx, cancel := context.WithTimeout(context.Background(), dockerProbe)
	defer cancel()
	state, err := docker(ctx, "inspect", "--format", "{{.State.Status}}", c.id)
	if err != nil || state != "exited" {
		return nil // a slow engine is not a dead server
	}
	log, err := docker(ctx, "logs", "--tail", "1", c.id)
	return errors.Join(fmt.Errorf("the container ended by itself: %s", lastLine(log)), err)
}

func (c *container) kill(ctx context.Context) error   { return c.do(ctx, "kill") }
func (c *container) pause(ctx context.Context) error  { return c.do(ctx, "pause") }
func (c *container) resume(ctx context.Context) error { return c.do(ctx, "unpause") }

// peer is the container's own address: the published port is the host's, which is another
// host to containers.
func (c *container) peer(ctx context.Context) (string, error) {
	ip, err := docker(ctx, "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", c.id)
	if err != nil {
		return "", err
	}
	return net.JoinHostPort(ip, "3306"), nil
}

func (c *container) stop(ctx context.Context) error {
	if c.id == "" {
		return nil
	}
	_, err := docker(ctx, "rm", "--force", "--volumes", c.id)
	return err
}

func (c *container) do(ctx context.Context, verb string) error {
	_, err := docker(ctx, verb, c.id)
	return err
}

// RemoveOrphans removes the folders and containers of servers whose process is gone, and returns how many there were:
// a killed process leaves its folder, and a container, unlike a child process, outlives the program that asked for it.
func RemoveOrphans(ctx context.Context) int {
	return process.RemoveOrphans(os.TempDir(), folderPrefix) + removeOrphanContainers(ctx)
}

func removeOrphanContainers(ctx context.Context) (removed int) {
	list, err := docker(ctx, "ps", "--all", "--filter", "label="+ownerLabel, "--format",
		`{{.ID}} {{.Label "`+ownerLabel+`"}}`)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(list) {
		f := strings.Fields(line)
		if len(f) != 2 {
			continue
		}
		if pid, err := strconv.Atoi(f[1]); err == nil && process.Gone(pid) {
			if _, err := docker(ctx, "rm", "--force", "--volumes", f[0]); err == nil {
				removed++
			}
		}
	}
	return removed
}
