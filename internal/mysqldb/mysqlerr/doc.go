// Package mysqlerr turns the error of a server, of the driver or of the network into a class, which says what
// to do, and into a text that is safe to show. It owns error numbers, classes and remedies. It asks no server.
//
// Its one invariant: a text that [Safe] returns holds no value of a row and no secret of a DSN.
//
// How an error gets its class (the first row that matches decides):
//
//	the error                                             the class
//	nil                                                   none
//	an [Error] of this package                            its own class
//	context canceled, deadline exceeded                   canceled, with any number
//	a server's error ([classifyServer])
//	  SQLSTATE 45000 (SIGNAL of a trigger or routine)     row data
//	  a text that says more than the number (infoByText)  read-only: failover; disk full: capacity; …
//	  a number of errorInfos or errorGroups               as listed there
//	  any other number that a server has (refusedRanges)  configuration: it would be refused again
//	  a SQLSTATE with one meaning (infoByState)           as listed there
//	  any other                                           unknown
//	no server's error (classifyDriver)
//	  file, DSN, version, certificate, login plugin       configuration
//	  packet too large                                    split
//	  connection lost, network                            retry
//	  any other                                           unknown
//
// What a caller does about a class:
//
//	retry          run the transaction again at once, a few times
//	capacity       run it again slowly, and show a stall
//	failover       open a new connection, which may reach the new primary
//	split          write fewer rows in a statement; permanent once one row does not fit
//	row data       find the row and show the hash of its key; permanent
//	configuration  show the remedy; permanent until a person acts
//	unknown        retry for a bounded time
//	canceled       stop
package mysqlerr
