#include "solver/net/http_trace.h"

#include <errno.h>
#include <string.h>

const char *http_failure_name(enum http_failure failure)
{
	static const char *const names[] = {
		NULL, "connect-timeout", "connect-refused", "connect-unreachable", "timeout", "reset", "closed", "garbage", "http2",
		"tls", "tls-not-tls", "short",
	};

	return names[failure];
}

/* libcurl counts a TLS handshake as a part of connecting; an authority does not. */
static int on_debug(CURL *easy, curl_infotype type, char *bytes, size_t length, void *arg)
{
	struct http_trace *t = arg;

	(void)easy, (void)bytes, (void)length;
	t->connected = t->connected || type != CURLINFO_TEXT;
	return 0;
}

/* Bytes that are no HTTP/1 response are kept to be shown (HTTP/0.9 is what libcurl calls them). */
void http_set_authority(CURL *easy, struct http_trace *trace)
{
	if (trace) {
		curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_debug);
		curl_easy_setopt(easy, CURLOPT_DEBUGDATA, trace);
		curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
	}
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 1L);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
}

static bool is_connected(CURL *easy, const struct http_trace *t)
{
	curl_off_t when = 0;

	curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &when);
	return t->connected || when > 0;
}

static enum http_failure dial_failure(CURL *easy)
{
	long number = 0;

	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
	if (number == ECONNREFUSED || number == ECONNRESET)
		return HTTP_CONNECT_REFUSED;
	return number == ETIMEDOUT ? HTTP_CONNECT_TIMEOUT : HTTP_CONNECT_UNREACHABLE;
}

static enum http_failure tls_failure(const char *text)
{
	if (strstr(text, "wrong version number") || strstr(text, "http request") || strstr(text, "packet length too long"))
		return HTTP_TLS_NOT_TLS;
	if (strstr(text, "reset by peer"))
		return HTTP_RESET;
	return strstr(text, "unexpected eof") || strstr(text, "SSL_ERROR_SYSCALL") ? HTTP_CLOSED : HTTP_TLS;
}

static enum http_failure receive_failure(CURL *easy, const char *text)
{
	long number = 0;

	curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
	return number == ECONNRESET || strstr(text, "reset by peer") ? HTTP_RESET : HTTP_CLOSED;
}

static enum http_failure failure_of(CURL *easy, CURLcode rc, const char *text, const struct http_trace *t)
{
	switch (rc) {
	case CURLE_OK:
		return HTTP_WORKED;
	case CURLE_COULDNT_CONNECT:
		return dial_failure(easy);
	case CURLE_OPERATION_TIMEDOUT:
		return is_connected(easy, t) ? HTTP_TIMED_OUT : HTTP_CONNECT_TIMEOUT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CIPHER:
	case CURLE_PEER_FAILED_VERIFICATION:
		return tls_failure(text);
	case CURLE_GOT_NOTHING:
		return HTTP_CLOSED;
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		return receive_failure(easy, text);
	case CURLE_PARTIAL_FILE:
	case CURLE_BAD_CONTENT_ENCODING:
		return HTTP_SHORT;
	default:
		return HTTP_GARBAGE;
	}
}

static bool begins_http2(const char *bytes, size_t length)
{
	return length >= 4 && bytes[0] == 0 && bytes[1] == 0 && bytes[3] == 4; /* a SETTINGS frame */
}

void http_trace_fill(struct http_trace *t, CURL *easy, CURLcode rc, const char *text, enum http_came came, const char *bytes, size_t length)
{
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	t->failure = failure_of(easy, rc, text, t);
	if (came == CAME_NO_HTTP || (rc == CURLE_OK && !status))
		t->failure = begins_http2(bytes, length) ? HTTP_SPEAKS_HTTP2 : HTTP_GARBAGE;
	else if (came == CAME_HEAD && t->failure != HTTP_WORKED)
		t->failure = HTTP_SHORT; /* the body had begun */
	else if (came == CAME_NO_HEAD && t->failure == HTTP_SHORT)
		t->failure = HTTP_CLOSED;
	t->status = came == CAME_HEAD ? (int)status : 0; /* a status line alone is no response */
}
