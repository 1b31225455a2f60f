// Package localserver finds server programs and a Docker engine on this machine, and starts MySQL and MariaDB servers
// for those who have none at hand: `tablehaul demo`, and the project's tests.
//
// A server that is started here listens on 127.0.0.1 only, keeps its data in a temporary folder, runs as nobody when we
// are root, and dies with this process. Nothing is installed on the machine.
package localserver
