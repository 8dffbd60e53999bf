#include "solver/net/child.h"

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>
#include <uv.h>
#include <linux/close_range.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"

#define MAX_OUTPUT 65536
#define TIMEOUT_MS 60000
#define GRACE_MS 2000   /* between SIGTERM and SIGKILL, and for output after the exit */
#define READ_SIZE 8192

enum { STDIN, STDOUT, STDERR, STREAMS };

/* Ends when the program has exited and its output is read to the end; a grandchild that keeps the pipes open gets
 * GRACE_MS, then the pipes are closed. Freed when all four handles have had their close callback. */
struct child {
	struct loop *loop;
	uv_process_t process;
	uv_pipe_t pipes[STREAMS];
	uv_write_t write;
	char *input;
	size_t input_length;
	char block[READ_SIZE];
	struct buf output[STREAMS]; /* [STDIN] stays empty */
	struct timer *limit;
	struct loop_end *end;
	bool term_sent, exited, timed_out, finishing;
	int exit_status, timeout_ms, open_outputs, open_handles;
	char *program;
	void (*done)(const struct child_result *result, const struct err *err, void *arg);
	void *arg;
};

static void child_free(struct child *c)
{
	for (int i = 0; i < STREAMS; i++)
		buf_done(&c->output[i]);
	free(c->input);
	free(c->program);
	free(c);
}

static void child_report(struct child *c)
{
	struct child_result result = { .exit_status = c->exit_status, .output = buf_text(&c->output[STDOUT]),
	                               .errors = buf_text(&c->output[STDERR]) };
	struct err err = { 0 };

	if (c->timed_out)
		err_set(&err, ERR_TIMEOUT, "%s did not end in %d ms and was stopped", c->program, c->timeout_ms);
	c->done(&result, &err, c->arg);
}

static void on_closed(uv_handle_t *handle)
{
	struct child *c = handle->data;

	if (--c->open_handles > 0)
		return;
	loop_end_cancel(c->end);
	if (c->done)
		child_report(c);
	child_free(c);
}

static void handle_close(struct child *c, uv_handle_t *handle)
{
	(void)c;
	if (!uv_is_closing(handle))
		uv_close(handle, on_closed);
}

static void child_finish(struct child *c)
{
	if (c->finishing)
		return;
	c->finishing = true;
	timer_stop(c->limit);
	c->limit = NULL;
	if (c->open_outputs > 0) /* something it left running still holds its pipes */
		kill(-c->process.pid, SIGKILL);
	for (int i = 0; i < STREAMS; i++)
		handle_close(c, (uv_handle_t *)&c->pipes[i]);
	handle_close(c, (uv_handle_t *)&c->process);
}

static void on_limit(void *arg)
{
	struct child *c = arg;

	c->limit = NULL;
	if (c->exited) {
		child_finish(c);
		return;
	}
	c->timed_out = true;
	kill(-c->process.pid, c->term_sent ? SIGKILL : SIGTERM);
	c->term_sent = true;
	c->limit = timer_start(c->loop, GRACE_MS, on_limit, c);
}

static void on_exit_status(uv_process_t *process, int64_t status, int signal)
{
	struct child *c = process->data;

	c->exited = true;
	c->exit_status = signal ? -signal : (int)status;
	if (c->open_outputs == 0 || c->timed_out) {
		child_finish(c);
		return;
	}
	timer_stop(c->limit);
	c->limit = timer_start(c->loop, GRACE_MS, on_limit, c);
}

static void on_block(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
	struct child *c = handle->data;

	(void)suggested;
	*ret = uv_buf_init(c->block, sizeof(c->block)); /* used up before the next read */
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *block)
{
	struct child *c = stream->data;
	struct buf *out = &c->output[(uv_pipe_t *)stream - c->pipes];
	size_t room = out->max - out->length;

	if (n > 0)
		buf_add(out, block->base, (size_t)n < room ? (size_t)n : room);
	if (n >= 0)
		return;
	uv_read_stop(stream);
	if (--c->open_outputs == 0 && c->exited)
		child_finish(c);
}

static void on_written(uv_write_t *write, int status)
{
	struct child *c = write->data;

	(void)status; /* a program need not read its input */
	if (!c->finishing)
		handle_close(c, (uv_handle_t *)&c->pipes[STDIN]);
}

/* PATH, HOME and LANG of ours, then what the request adds; gives (free each and the list). */
static char **environment(const char *const *more)
{
	static const char *const kept[] = { "PATH", "HOME", "LANG" };
	size_t count = 0, n = 0;
	char **env;

	for (; more && more[count]; count++)
		;
	env = mem_new(ARRAY_LEN(kept) + count + 1, sizeof(*env));
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		if (getenv(kept[i]))
			env[n++] = mem_printf("%s=%s", kept[i], getenv(kept[i]));
	}
	for (size_t i = 0; i < count; i++)
		env[n++] = mem_dup(more[i]);
	return env;
}

static void environment_free(char **env)
{
	for (char **p = env; *p; p++)
		free(*p);
	free(env);
}

/* The program gets its three pipes and nothing else: also libraries open sockets, and not all mark them. Where the system cannot do that in one call (before
 * Linux 5.11), what is ours is marked anyway. */
static void hold_descriptors(void)
{
	close_range(STREAMS, ~0U, CLOSE_RANGE_CLOEXEC);
}

static int child_spawn(struct child *c, const struct child_request *request)
{
	uv_stdio_container_t stdio[STREAMS];
	char **env = environment(request->env);
	uv_process_options_t options = {
		.exit_cb = on_exit_status, .file = request->argv[0], .args = (char **)(uintptr_t)request->argv, .env = env,
		.flags = UV_PROCESS_DETACHED, /* a session of its own: one signal reaches all it starts */
		.stdio_count = STREAMS, .stdio = stdio,
	};
	int rc;

	for (int i = 0; i < STREAMS; i++) {
		uv_pipe_init(loop_uv(c->loop), &c->pipes[i], 0);
		c->pipes[i].data = c;
		stdio[i].flags = UV_CREATE_PIPE | (i == STDIN ? UV_READABLE_PIPE : UV_WRITABLE_PIPE);
		stdio[i].data.stream = (uv_stream_t *)&c->pipes[i];
	}
	hold_descriptors();
	rc = uv_spawn(loop_uv(c->loop), &c->process, &options);
	c->process.data = c;
	c->open_handles = STREAMS + 1;
	environment_free(env);
	return rc;
}

/* The program is left running: stopped half-way it might leave worse behind, and what it does is asked for again. */
static void on_loop_end(void *arg)
{
	struct child *c = arg;
	struct err err;

	c->end = NULL;
	c->finishing = true;
	timer_stop(c->limit);
	c->limit = NULL;
	if (c->done) {
		err_set(&err, ERR_CANCELLED, "%s was not waited for", c->program);
		c->done(NULL, &err, c->arg);
	}
	c->done = NULL;
	for (int i = 0; i < STREAMS; i++)
		handle_close(c, (uv_handle_t *)&c->pipes[i]);
	handle_close(c, (uv_handle_t *)&c->process);
}

static void child_begin(struct child *c)
{
	uv_buf_t input = uv_buf_init(c->input, (unsigned)c->input_length);

	c->open_outputs = 2;
	c->end = loop_at_end(c->loop, on_loop_end, c);
	c->limit = timer_start(c->loop, c->timeout_ms, on_limit, c);
	uv_read_start((uv_stream_t *)&c->pipes[STDOUT], on_block, on_output);
	uv_read_start((uv_stream_t *)&c->pipes[STDERR], on_block, on_output);
	c->write.data = c;
	if (uv_write(&c->write, (uv_stream_t *)&c->pipes[STDIN], &input, 1, on_written) < 0)
		handle_close(c, (uv_handle_t *)&c->pipes[STDIN]);
}

static struct child *child_new(struct loop *l, const struct child_request *request)
{
	struct child *c = mem_new(1, sizeof(*c));

	c->loop = l;
	c->program = mem_dup(request->argv[0]);
	c->timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : TIMEOUT_MS;
	c->input_length = request->input_length;
	c->input = mem_new(request->input_length + 1, 1);
	if (request->input_length)
		memcpy(c->input, request->input, request->input_length);
	for (int i = STDOUT; i < STREAMS; i++)
		c->output[i] = BUF_INIT(request->max_output ? request->max_output : MAX_OUTPUT);
	return c;
}

int child_start(struct loop *l, const struct child_request *request,
                void (*done)(const struct child_result *result, const struct err *err, void *arg), void *arg,
                struct err *err)
{
	struct child *c = child_new(l, request);
	int rc = child_spawn(c, request);

	if (rc < 0) {
		err_set(err, rc == UV_ENOENT ? ERR_NOT_FOUND : rc == UV_EACCES ? ERR_DENIED : ERR_IO, "cannot run %s: %s",
		        request->argv[0], uv_strerror(rc));
		for (int i = 0; i < STREAMS; i++)
			handle_close(c, (uv_handle_t *)&c->pipes[i]);
		handle_close(c, (uv_handle_t *)&c->process);
		return rc == UV_ENOENT ? ERR_NOT_FOUND : rc == UV_EACCES ? ERR_DENIED : ERR_IO;
	}
	c->done = done;
	c->arg = arg;
	child_begin(c);
	return 0;
}
