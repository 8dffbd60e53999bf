/* The front of every backend: a queue that one worker thread commits in groups.
 *
 * Two locks. `lock` guards the two lists and the flags, and is held for moments only. `backend_lock`
 * is held for a whole group commit; it is recursive so that a visitor may write what it just read.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/store/backend.h"

struct txn_list {
	struct store_txn *first, **tail;
};

struct store {
	const struct store_ops *ops;
	void *backend;
	pthread_mutex_t backend_lock;
	struct store_hooks hooks;
	pthread_t worker;

	pthread_mutex_t lock;
	pthread_cond_t changed;  /* something was queued, something is finished, or `closing` */
	struct txn_list queued;
	struct txn_list finished; /* durable or failed; its callback has not run */
	size_t committing;        /* taken by the worker, not finished */
	bool closing;
};

static void list_init(struct txn_list *list)
{
	list->first = NULL;
	list->tail = &list->first;
}

static void list_append(struct txn_list *list, struct store_txn *t)
{
	t->next = NULL;
	*list->tail = t;
	list->tail = &t->next;
}

static struct store_txn *list_pop(struct txn_list *list)
{
	struct store_txn *t = list->first;

	if (t) {
		list->first = t->next;
		if (!list->first)
			list->tail = &list->first;
	}
	return t;
}

/* Everything in it at once; the list is empty afterwards. */
static struct store_txn *list_take(struct txn_list *list)
{
	struct store_txn *first = list->first;

	list_init(list);
	return first;
}

static size_t chain_length(const struct store_txn *t)
{
	size_t length = 0;

	for (; t; t = t->next)
		length++;
	return length;
}

static void read_one(struct store *s, struct store_txn *t)
{
	struct err err = { 0 };

	if (s->ops->get_history(s->backend, t->read->challenge_id, &t->read->history, &err) == 0)
		return;
	t->result = mem_new(1, sizeof(*t->result));
	*t->result = err;
}

/* All writes, then the reads, which see them. Returns them in this sequence. */
static struct store_txn *run_group(struct store *s, struct store_txn *group)
{
	struct txn_list writes, reads;

	list_init(&writes);
	list_init(&reads);
	for (struct store_txn *t = group, *next; t; t = next) {
		next = t->next;
		list_append(t->read ? &reads : &writes, t);
	}
	pthread_mutex_lock(&s->backend_lock);
	if (writes.first)
		s->ops->commit(s->backend, writes.first);
	for (struct store_txn *t = reads.first; t; t = t->next)
		read_one(s, t);
	pthread_mutex_unlock(&s->backend_lock);
	*writes.tail = reads.first;
	return writes.first;
}

static void finish_group(struct store *s, struct store_txn *group)
{
	bool was_empty;

	pthread_mutex_lock(&s->lock);
	was_empty = !s->finished.first;
	for (struct store_txn *t = group, *next; t; t = next) {
		next = t->next;
		list_append(&s->finished, t);
	}
	s->committing = 0;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	if (was_empty && s->hooks.wake)
		s->hooks.wake(s->hooks.arg);
}

/* Waits for work; NULL when the store closes and nothing is left. */
static struct store_txn *take_group(struct store *s)
{
	struct store_txn *group;

	pthread_mutex_lock(&s->lock);
	while (!s->queued.first && !s->closing)
		pthread_cond_wait(&s->changed, &s->lock);
	group = list_take(&s->queued);
	s->committing = chain_length(group);
	pthread_mutex_unlock(&s->lock);
	return group;
}

static void *work(void *arg)
{
	struct store *s = arg;
	struct store_txn *group;

	while ((group = take_group(s)))
		finish_group(s, run_group(s, group));
	return NULL;
}

/* Signals are for the loop thread. */
static void start_worker(struct store *s)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&s->worker, NULL, work, s) != 0)
		abort();
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

struct store *store_new(const struct store_ops *ops, void *backend, const struct store_hooks *hooks)
{
	struct store *s = mem_new(1, sizeof(*s));
	pthread_mutexattr_t recursive;

	s->ops = ops;
	s->backend = backend;
	if (hooks)
		s->hooks = *hooks;
	pthread_mutexattr_init(&recursive);
	pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&s->backend_lock, &recursive);
	pthread_mutexattr_destroy(&recursive);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->changed, NULL);
	list_init(&s->queued);
	list_init(&s->finished);
	if (ops->has_worker)
		start_worker(s);
	return s;
}

void store_close(struct store *s)
{
	struct store_txn *t;

	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->closing = true;
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
	if (s->ops->has_worker)
		pthread_join(s->worker, NULL);
	while ((t = list_pop(&s->finished)))
		txn_free(t);
	s->ops->close(s->backend);
	pthread_cond_destroy(&s->changed);
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_destroy(&s->backend_lock);
	free(s);
}

static void enqueue(struct store *s, struct store_txn *t)
{
	t->next = NULL;
	if (!s->ops->has_worker) {
		finish_group(s, run_group(s, t));
		return;
	}
	pthread_mutex_lock(&s->lock);
	list_append(&s->queued, t);
	pthread_cond_broadcast(&s->changed);
	pthread_mutex_unlock(&s->lock);
}

void store_commit(struct store_txn *t, void (*done)(int code, const struct err *err, void *arg), void *arg)
{
	t->done = done;
	t->arg = arg;
	enqueue(t->store, t);
}

void store_read_history(struct store *s, const char *challenge_id, void (*done)(const struct challenge *history, const struct err *err, void *arg),
                        void *arg)
{
	struct store_txn *t = store_begin(s);

	t->read = mem_new(1, sizeof(*t->read));
	memccpy(t->read->challenge_id, challenge_id, '\0', ID_SIZE - 1);
	t->read->done = done;
	t->arg = arg;
	enqueue(s, t);
}

static void tell(const struct store_txn *t)
{
	static const struct err none;
	const struct err *err = t->result ? t->result : &none;

	if (t->read)
		t->read->done(&t->read->history, err, t->arg);
	else if (t->done)
		t->done(err->code, err, t->arg);
}

/* One at a time, so that the order holds also when a callback dispatches or submits. */
void store_dispatch(struct store *s)
{
	for (;;) {
		struct store_txn *t;

		pthread_mutex_lock(&s->lock);
		t = list_pop(&s->finished);
		pthread_mutex_unlock(&s->lock);
		if (!t)
			return;
		tell(t);
		txn_free(t);
	}
}

/* True when every callback ran; otherwise it waited until there is at least one to run. */
static bool wait_for_finished(struct store *s)
{
	bool all_done;

	pthread_mutex_lock(&s->lock);
	while (!s->finished.first && (s->queued.first || s->committing))
		pthread_cond_wait(&s->changed, &s->lock);
	all_done = !s->finished.first;
	pthread_mutex_unlock(&s->lock);
	return all_done;
}

void store_drain(struct store *s)
{
	while (!wait_for_finished(s))
		store_dispatch(s);
}

int store_load(struct store *s, const struct store_visitor *visitor, struct err *err)
{
	int rc;

	pthread_mutex_lock(&s->backend_lock);
	rc = s->ops->load(s->backend, visitor, err);
	pthread_mutex_unlock(&s->backend_lock);
	return rc;
}

int store_put_client(struct store *s, const struct store_client *c, struct err *err)
{
	int rc;

	pthread_mutex_lock(&s->backend_lock);
	rc = s->ops->put_client(s->backend, c, err);
	pthread_mutex_unlock(&s->backend_lock);
	return rc;
}

int store_each_client(struct store *s, void (*fn)(const struct store_client *c, void *arg), void *arg, struct err *err)
{
	int rc;

	pthread_mutex_lock(&s->backend_lock);
	rc = s->ops->each_client(s->backend, fn, arg, err);
	pthread_mutex_unlock(&s->backend_lock);
	return rc;
}

int store_put_setting(struct store *s, const char *key, const char *value, struct err *err)
{
	int rc;

	pthread_mutex_lock(&s->backend_lock);
	rc = s->ops->put_setting(s->backend, key, value, err);
	pthread_mutex_unlock(&s->backend_lock);
	return rc;
}

int store_get_setting(struct store *s, const char *key, char **ret, struct err *err)
{
	int rc;

	pthread_mutex_lock(&s->backend_lock);
	rc = s->ops->get_setting(s->backend, key, ret, err);
	pthread_mutex_unlock(&s->backend_lock);
	return rc;
}

int store_each_setting(struct store *s, const char *prefix, void (*fn)(const char *key, const char *value, void *arg), void *arg,
                       struct err *err)
{
	int rc;

	pthread_mutex_lock(&s->backend_lock);
	rc = s->ops->each_setting(s->backend, prefix, fn, arg, err);
	pthread_mutex_unlock(&s->backend_lock);
	return rc;
}

int store_put_account(struct store *s, const struct store_account *a, struct err *err)
{
	int rc;

	pthread_mutex_lock(&s->backend_lock);
	rc = s->ops->put_account(s->backend, a, err);
	pthread_mutex_unlock(&s->backend_lock);
	return rc;
}

int store_each_account(struct store *s, void (*fn)(const struct store_account *a, void *arg), void *arg, struct err *err)
{
	int rc;

	pthread_mutex_lock(&s->backend_lock);
	rc = s->ops->each_account(s->backend, fn, arg, err);
	pthread_mutex_unlock(&s->backend_lock);
	return rc;
}

int store_each_audit(struct store *s, int64_t after, size_t limit, void (*fn)(const struct store_audit *entry, void *arg), void *arg,
                     struct err *err)
{
	int rc;

	pthread_mutex_lock(&s->backend_lock);
	rc = s->ops->each_audit(s->backend, after, limit, fn, arg, err);
	pthread_mutex_unlock(&s->backend_lock);
	return rc;
}

int store_last_audit(struct store *s, struct store_audit *ret, struct err *err)
{
	int rc;

	pthread_mutex_lock(&s->backend_lock);
	rc = s->ops->last_audit(s->backend, ret, err);
	pthread_mutex_unlock(&s->backend_lock);
	return rc;
}
