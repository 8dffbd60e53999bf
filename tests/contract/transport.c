#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "tests/contract/contract.h"

#define REPLY_MAX (1024 * 1024)
#define DNS_MAX 65535
#define HTTP_SECONDS 30
#define DNS_SECONDS 5

static struct buf body = BUF_INIT(REPLY_MAX), headers = BUF_INIT(REPLY_MAX), errors = BUF_INIT(REPLY_MAX);
static struct record { char *fqdn, *value; } *published;
static size_t published_size;

static void answer_fail(struct answer *ret, int code, const char *sentence)
{
	*ret = (struct answer){ .code = code, .error = sentence, .body = "", .headers = "", .errors = "" };
}

static size_t collect(char *data, size_t size, size_t count, void *arg)
{
	buf_add(arg, data, size * count);
	return size * count;
}

static void carry_http(const struct request *q, struct answer *ret)
{
	struct curl_slist *lines = NULL;
	CURL *curl = curl_easy_init();
	CURLcode code;
	long status = 0;

	for (size_t i = 0; q->headers && q->headers[i]; i++)
		lines = curl_slist_append(lines, q->headers[i]);
	curl_easy_setopt(curl, CURLOPT_URL, q->url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, q->method);
	if (q->body)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, q->body);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, collect);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &headers);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)HTTP_SECONDS);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	if (q->ca_file && *q->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, q->ca_file);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(lines);
	curl_easy_cleanup(curl);
	if (code != CURLE_OK) {
		answer_fail(ret, code == CURLE_COULDNT_CONNECT ? ERR_UNREACHABLE : ERR_TIMEOUT, curl_easy_strerror(code));
		return;
	}
	*ret = (struct answer){ .status = (int)status, .headers = buf_text(&headers), .body = buf_text(&body), .length = body.length, .errors = "" };
}

static bool address_read(const char *text, struct sockaddr_storage *ret, socklen_t *ret_length)
{
	CLEANUP(mem_freep) char *host = mem_dup(*text == '[' ? text + 1 : text);
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *four = (struct sockaddr_in *)ret;
	char *port = *text == '[' ? strchr(host, ']') : strchr(host, ':');

	memset(ret, 0, sizeof(*ret));
	if (port) {
		if (*port == ']')
			*port++ = '\0';
		if (*port == ':')
			*port++ = '\0';
	}
	four->sin_port = htons((uint16_t)(port && *port ? atoi(port) : 53)); /* the port of both stands at one place */
	*ret_length = *text == '[' ? sizeof(*six) : sizeof(*four);
	ret->ss_family = *text == '[' ? AF_INET6 : AF_INET;
	return inet_pton(ret->ss_family, host, *text == '[' ? (void *)&six->sin6_addr : (void *)&four->sin_addr) == 1;
}

static bool read_all(int fd, unsigned char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t n = recv(fd, bytes, length, 0);

		if (n <= 0)
			return false;
		bytes += n;
		length -= (size_t)n;
	}
	return true;
}

static long exchange_tcp(int fd, const struct request *q, unsigned char *reply)
{
	unsigned char prefix[2] = { (unsigned char)(q->wire_length >> 8), (unsigned char)q->wire_length };
	size_t length;

	if (send(fd, prefix, 2, MSG_NOSIGNAL | MSG_MORE) != 2 || send(fd, q->wire, q->wire_length, MSG_NOSIGNAL) != (ssize_t)q->wire_length)
		return -1;
	if (!read_all(fd, prefix, 2))
		return -1;
	length = (size_t)prefix[0] << 8 | prefix[1];
	return read_all(fd, reply, length) ? (long)length : -1;
}

static void carry_dns(const struct request *q, struct answer *ret)
{
	struct timeval limit = { .tv_sec = DNS_SECONDS };
	struct sockaddr_storage address;
	socklen_t size;
	unsigned char *reply;
	long length = -1;
	int fd;

	if (!address_read(q->server, &address, &size)) {
		answer_fail(ret, ERR_INVALID, "not an address");
		return;
	}
	fd = socket(address.ss_family, q->tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&address, size) < 0) {
		answer_fail(ret, ERR_UNREACHABLE, "cannot connect");
		close(fd);
		return;
	}
	reply = mem_new(1, DNS_MAX);
	if (q->tcp)
		length = exchange_tcp(fd, q, reply);
	else if (send(fd, q->wire, q->wire_length, MSG_NOSIGNAL) >= 0)
		length = recv(fd, reply, DNS_MAX, 0);
	close(fd);
	if (length >= 0)
		buf_add(&body, reply, (size_t)length);
	free(reply);
	if (length < 0)
		answer_fail(ret, ERR_TIMEOUT, "no reply");
	else
		*ret = (struct answer){ .body = buf_text(&body), .length = body.length, .headers = "", .errors = "" };
}

static void child_run(const struct request *q, int in, int out, int problems)
{
	dup2(in, 0);
	dup2(out, 1);
	dup2(problems, 2);
	clearenv();
	setenv("PATH", "/usr/bin:/bin:/usr/sbin:/sbin", 1);
	for (size_t i = 0; q->env && q->env[i]; i++)
		putenv((char *)(uintptr_t)q->env[i]);
	execv(q->argv[0], (char *const *)(uintptr_t)q->argv);
	_exit(127);
}

static void drain(int out, int problems)
{
	struct pollfd fds[] = { { .fd = out, .events = POLLIN }, { .fd = problems, .events = POLLIN } };
	struct buf *into[] = { &body, &errors };
	char part[4096];

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		poll(fds, 2, -1);
		for (int i = 0; i < 2; i++) {
			ssize_t n = fds[i].fd >= 0 && fds[i].revents ? read(fds[i].fd, part, sizeof(part)) : 1;

			if (n <= 0)
				fds[i].fd = -1;
			else if (fds[i].revents)
				buf_add(into[i], part, (size_t)n);
		}
	}
}

static void carry_run(const struct request *q, struct answer *ret)
{
	int out[2], problems[2], status = 0;
	FILE *input = tmpfile();
	pid_t pid;

	if (!input || pipe(out) < 0 || pipe(problems) < 0)
		abort();
	if (q->input)
		fputs(q->input, input);
	rewind(input);
	pid = fork();
	if (pid == 0)
		child_run(q, fileno(input), out[1], problems[1]);
	close(out[1]);
	close(problems[1]);
	drain(out[0], problems[0]);
	close(out[0]);
	close(problems[0]);
	fclose(input);
	waitpid(pid, &status, 0);
	*ret = (struct answer){ .status = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status), .headers = "",
	                        .body = buf_text(&body), .length = body.length, .errors = buf_text(&errors) };
}

size_t published_count(const char *fqdn, const char *value)
{
	size_t n = 0;

	for (size_t i = 0; i < published_size; i++)
		n += strcmp(published[i].fqdn, fqdn) == 0 && (!value || strcmp(published[i].value, value) == 0);
	return n;
}

static void published_clear(const char *fqdn, const char *value)
{
	for (size_t i = published_size; i-- > 0;) {
		if (strcmp(published[i].fqdn, fqdn) != 0 || strcmp(published[i].value, value) != 0)
			continue;
		free(published[i].fqdn);
		free(published[i].value);
		published[i] = published[--published_size];
	}
}

void published_apply(const struct job *job)
{
	for (size_t i = 0; i < job->count; i++) {
		const struct change *c = &job->changes[i];

		published_clear(c->fqdn, c->value);
		if (c->op == CHANGE_REMOVE)
			continue;
		published = mem_resize(published, published_size + 1, sizeof(*published));
		published[published_size].fqdn = mem_dup(c->fqdn);
		published[published_size++].value = mem_dup(c->value);
	}
}

void transport_carry_out(const struct request *request, struct answer *ret)
{
	buf_reset(&body);
	buf_reset(&headers);
	buf_reset(&errors);
	*ret = (struct answer){ .headers = "", .body = "", .errors = "" };
	if (request->want == WANT_HTTP)
		carry_http(request, ret);
	else if (request->want == WANT_DNS)
		carry_dns(request, ret);
	else if (request->want == WANT_RUN)
		carry_run(request, ret);
	else if (request->want == WANT_PAUSE)
		usleep(request->timeout_ms * 1000);
}

void transport_done(void)
{
	while (published_size > 0)
		published_clear(published[0].fqdn, published[0].value);
	free(published);
	published = NULL;
	buf_done(&body);
	buf_done(&headers);
	buf_done(&errors);
}
