/* What http.c needs for requests as an authority makes them; nobody else includes it. */
#ifndef SOLVER_NET_HTTP_TRACE_H
#define SOLVER_NET_HTTP_TRACE_H

#include <curl/curl.h>

#include "solver/net/http.h"

void http_set_authority(CURL *easy, struct http_trace *trace);
/* How much of an HTTP response came. */
enum http_came { CAME_NO_HEAD, CAME_HEAD, CAME_NO_HTTP };
/* How a call ended; `text` is libcurl's sentence, `bytes` what came instead of an HTTP response. */
void http_trace_fill(struct http_trace *t, CURL *easy, CURLcode rc, const char *text, enum http_came came, const char *bytes, size_t length);

#endif
