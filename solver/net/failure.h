/* What exactly went wrong with a connection or a request, as an authority tells it apart: while dialling, or after it. */
#ifndef SOLVER_NET_FAILURE_H
#define SOLVER_NET_FAILURE_H

enum http_failure {
	HTTP_WORKED, HTTP_CONNECT_TIMEOUT, HTTP_CONNECT_REFUSED, HTTP_CONNECT_UNREACHABLE, /* dialling; unreachable: no way leads there from this host */
	HTTP_TIMED_OUT,              /* with a status: the body did not end */
	HTTP_RESET, HTTP_CLOSED,
	HTTP_GARBAGE,                /* no HTTP at all */
	HTTP_SPEAKS_HTTP2, HTTP_TLS, HTTP_TLS_NOT_TLS,
	HTTP_SHORT,                  /* the body ended before its end */
	HTTP_BAD_HEAD, HTTP_BAD_BODY, /* HTTP that a validation server refuses */
	HTTP_LOCAL                   /* this host could not even try: no descriptor, no memory */
};
const char *http_failure_name(enum http_failure failure); /* "connect-timeout", …; NULL for HTTP_WORKED */
enum http_failure http_dial_failure(int number);          /* what an errno of connect() means */

#endif
