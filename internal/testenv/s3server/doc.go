// Package s3server finds a server that speaks S3 for tests: the one of TABLEHAUL_TEST_S3_URL,
// else versitygw, built once into the cache folder and started on a folder of its own; and puts
// faults between a client and it (Faulty).
//
// It owns the server's process and folder, and, in the process that calls it, the environment
// variables by which the AWS SDK finds credentials; it knows nothing of what is stored. A server
// that cannot be had is an error, never a skip.
package s3server
