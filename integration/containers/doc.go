// Package containers tests Tablehaul as it is deployed: the worker's image, two workers that share
// a volume, the compose file, and every version of MySQL and MariaDB that an image can be had of.
//
// It is a Go module of its own, so that testcontainers-go stays out of the project's. The images come
// from the environment: TABLEHAUL_TEST_IMAGES (databases, separated by blanks), TEMPORAL_IMAGE,
// WORKER_IMAGE, SOURCE_IMAGE, TARGET_IMAGE. "make test-containers" sets them to local ones, which
// integration/images builds without a registry, and starts a Docker engine where none answers.
//
// Without a Docker engine these tests fail; they never skip.
package containers
