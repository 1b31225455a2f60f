// Package servers finds or starts the real MySQL and MariaDB servers that tests, the demo
// and the benchmarks run against.
//
// The first of these that works is taken, for each flavor by itself:
//
//  1. a DSN in the environment: TABLEHAUL_TEST_MYSQL_DSN, TABLEHAUL_TEST_MARIADB_DSN;
//  2. a Docker engine that answers, with the image of TABLEHAUL_TEST_MYSQL_IMAGE or
//     TABLEHAUL_TEST_MARIADB_IMAGE ("none" leaves Docker alone);
//  3. mysqld or mariadbd on PATH or in the usual sbin folders;
//  4. Debian's packages, unpacked into a private folder below CacheDir; nothing is
//     installed on the machine.
//
// A server that is started here listens on 127.0.0.1 only, keeps its data in a temporary
// folder, runs as nobody when we are root, and dies with this process. A test's server has that
// folder in memory, where /dev/shm has room, else on the disk; TABLEHAUL_TEST_DATA names another.
//
// The package's one invariant: there is a server, or there is an error that says for every
// layer why not. It never lets a test be skipped.
package servers
