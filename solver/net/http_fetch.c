#include "solver/net/http_fetch.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/net/http_reader.h"
#include "solver/net/stream.h"

#define REQUEST_MAX 65536

struct http_fetch {
	struct loop *loop;
	struct stream *stream;
	struct http_reader *reader;
	struct buf request;
	int64_t started_ms;
	http_fetch_fn done;
	void *arg;
};

/* As Go writes it. */
static void write_request(struct buf *b, const struct http_fetch_request *r)
{
	buf_printf(b, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nAccept: */*\r\n", r->target, r->host, r->user_agent);
	if (r->authorization)
		buf_printf(b, "Authorization: %s\r\n", r->authorization);
	if (r->referer)
		buf_printf(b, "Referer: %s\r\n", r->referer);
	buf_add_text(b, "Accept-Encoding: gzip\r\nConnection: close\r\n\r\n");
}

static void on_opened(void *arg)
{
	struct http_fetch *f = arg;

	stream_write(f->stream, buf_text(&f->request), f->request.length);
}

static void on_bytes(const void *bytes, size_t length, void *arg)
{
	struct http_fetch *f = arg;

	if (!http_reader_feed(f->reader, bytes, length))
		stream_end(f->stream, HTTP_WORKED, NULL);
}

/* A body that broke off is short, whatever broke it; with a time-out it did not end. */
static enum http_failure body_failure(enum http_failure failure, enum http_read read)
{
	if (read == HTTP_READ_BODY)
		return failure == HTTP_TIMED_OUT ? HTTP_TIMED_OUT : HTTP_SHORT;
	return read == HTTP_READ_BAD_BODY ? (failure == HTTP_WORKED ? HTTP_BAD_BODY : HTTP_SHORT) : HTTP_WORKED;
}

/* What the connection's end means for what was read. */
static enum http_failure judge(enum http_failure failure, enum http_read read)
{
	switch (read) {
	case HTTP_READ_HEAD:
		return failure;
	case HTTP_READ_BAD_HEAD:
		return failure == HTTP_WORKED ? HTTP_BAD_HEAD : HTTP_CLOSED;
	case HTTP_READ_NO_HTTP:
		return HTTP_GARBAGE;
	case HTTP_READ_HTTP2:
		return HTTP_SPEAKS_HTTP2;
	default:
		return body_failure(failure, read);
	}
}

static void tell(struct http_fetch *f, enum http_failure failure, const char *why)
{
	struct http_response r;
	struct http_fetch_reply reply = { .elapsed_ms = loop_now_ms(f->loop) - f->started_ms, .number = stream_errno(f->stream) };

	http_reader_response(f->reader, &r);
	reply.failure = judge(failure, r.read);
	reply.why = r.why ? r.why : why;
	reply.status = r.status;
	reply.location = r.location;
	reply.server = r.server;
	reply.encoding = r.encoding;
	reply.body = r.body;
	reply.body_length = r.body_length;
	f->done(&reply, f->arg);
}

static void fetch_free(struct http_fetch *f)
{
	http_reader_free(f->reader);
	buf_done(&f->request);
	free(f);
}

static void on_ended(enum http_failure failure, const char *why, void *arg)
{
	struct http_fetch *f = arg;

	if (failure == HTTP_CLOSED)
		http_reader_end(f->reader);
	tell(f, failure, why);
	fetch_free(f);
}

int http_fetch_start(struct loop *l, const struct http_fetch_request *request, http_fetch_fn done, void *arg, struct http_fetch **ret,
                     struct err *err)
{
	static const struct stream_events events = { on_opened, on_bytes, on_ended };
	struct stream_request r = { .address = request->address, .port = request->port, .tls = request->tls, .sni = request->sni,
	                            .dial_ms = request->dial_ms, .timeout_ms = request->timeout_ms };
	struct http_fetch *f = mem_new(1, sizeof(*f));

	*f = (struct http_fetch){ .loop = l, .done = done, .arg = arg, .request = BUF_INIT(REQUEST_MAX), .started_ms = loop_now_ms(l) };
	write_request(&f->request, request);
	if (stream_open(l, &r, &events, f, &f->stream, err) < 0) {
		fetch_free(f);
		return err->code;
	}
	f->reader = http_reader_new(request->body_max);
	*ret = f;
	return 0;
}

void http_fetch_cancel(struct http_fetch *f)
{
	stream_cancel(f->stream);
	fetch_free(f);
}
