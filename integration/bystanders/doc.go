// Package bystanders plays the other clients of both servers: short reads and writes all the
// time, timed one by one, with every lock wait timeout and deadlock that they get counted.
package bystanders
