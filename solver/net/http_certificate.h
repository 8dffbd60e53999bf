/* The certificate that a TLS server shows, of a transfer that ends with the handshake. */
#ifndef SOLVER_NET_HTTP_CERTIFICATE_H
#define SOLVER_NET_HTTP_CERTIFICATE_H

#include <curl/curl.h>

#include "solver/base/buf.h"

/* The transfer connects, and asks for nothing. */
void http_certificate_ask(CURL *easy);
/* Into `pem`; nothing when there was none. */
void http_certificate_take(CURL *easy, struct buf *pem);

#endif
