/* TLS as Go's client does it; stream.c includes this. */
#ifndef SOLVER_NET_STREAM_TLS_H
#define SOLVER_NET_STREAM_TLS_H

#include <openssl/ssl.h>
#include <stddef.h>

SSL_CTX *stream_tls_context(void); /* gives (SSL_CTX_free) */
/* An error of OpenSSL in words. An alert of the other side is "alert NAME" in the words of Go; anything else is what this side did
 * not like. */
void stream_tls_why(unsigned long error, char *ret, size_t size);

#endif
