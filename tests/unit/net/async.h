/* Holds a module to the contract of everything that takes time (solver/net/loop.h): a start that fails never calls back; one that
 * starts calls back exactly once, later; after a cancel nothing comes; what is left when its owner goes is told once. All of it also
 * from inside a callback.
 *
 * A test describes its module by a table of functions, and calls async_told() where the module calls back. */
#ifndef TESTS_UNIT_NET_ASYNC_H
#define TESTS_UNIT_NET_ASYNC_H

#include "solver/base/err.h"
#include "solver/net/loop.h"

#define ASYNC_LIMIT_MS 10000 /* a call of the test ends before that */
#define ASYNC_QUIET_MS 60    /* so long nothing more may come */

struct async_call {
	void *world;             /* of the test */
	void *handle;            /* what cancels it, or NULL */
	int starting, told, cancelled, code;
	void (*then)(struct async_call *c); /* inside the callback; or NULL */
	struct async_call *other;
};

struct async_module {
	int (*start)(struct async_call *c, struct err *err);
	int (*start_wrongly)(struct async_call *c, struct err *err); /* NULL: no start fails */
	void (*cancel)(struct async_call *c);                        /* NULL: it cannot be cancelled */
	void (*open)(void *world, struct loop *l);                   /* its owner; NULL: that is the loop */
	void (*close)(void *world);
};

static const struct async_module *async_module;
static struct loop *async_loop;
static int async_open_calls, async_all_over;

static inline void async_over(void)
{
	async_all_over = --async_open_calls == 0;
}

static inline void async_told(struct async_call *c, int code)
{
	assert_false(c->starting);
	assert_false(c->cancelled);
	assert_int_equal(c->told, 0);
	c->told = 1;
	c->code = code;
	async_over();
	if (c->then)
		c->then(c);
}

static inline void async_cancel(struct async_call *c)
{
	c->cancelled = 1;
	async_over();
	async_module->cancel(c);
}

static inline void async_cancel_other(struct async_call *c)
{
	if (!c->other->told)
		async_cancel(c->other);
}

static inline void async_close(struct async_call *c)
{
	c->then = c->other->then = NULL;
	async_module->close(c->world);
	c->cancelled = c->other->cancelled = 1; /* nothing may come any more */
}

static inline void async_begin(struct async_call *c)
{
	struct err err = { 0 };

	c->starting = 1;
	if (async_module->start(c, &err) < 0)
		fail_msg("%s", err.text);
	c->starting = 0;
	async_open_calls++;
	async_all_over = 0;
}

static inline void async_be_quiet(struct loop *l)
{
	const int never = 0;

	loop_run_until(l, &never, ASYNC_QUIET_MS);
}

static inline void async_refuse(struct loop *l, struct async_call *c)
{
	struct err err = { 0 };

	if (!async_module->start_wrongly)
		return;
	c->starting = 1;
	assert_true(async_module->start_wrongly(c, &err) < 0);
	assert_int_not_equal(err.code, 0);
	async_be_quiet(l);
}

static inline void async_cancel_at_once(struct loop *l, struct async_call *c)
{
	async_begin(c);
	async_cancel(c);
	async_be_quiet(l);
}

/* Two calls, whose callbacks do this. */
static inline void async_two(struct loop *l, void *world, void (*then)(struct async_call *c))
{
	struct async_call a = { .world = world, .then = then }, b = { .world = world, .then = then, .other = &a };

	a.other = &b;
	async_begin(&a);
	async_begin(&b);
	loop_run_until(l, &async_all_over, ASYNC_LIMIT_MS);
	assert_int_equal(async_open_calls, 0);
	async_be_quiet(l);
}

static inline struct loop *async_open(const struct async_module *m, void *world)
{
	struct loop *l = loop_new();

	async_module = m;
	async_loop = l;
	if (m->open)
		m->open(world, l);
	return l;
}

static inline void async_end(struct loop *l, void *world)
{
	if (async_module->close)
		async_module->close(world);
	loop_free(l);
}

static inline void async_close_inside(const struct async_module *m, void *world)
{
	struct loop *l = async_open(m, world);

	async_two(l, world, async_close);
	loop_free(l);
}

static inline void async_close_under_way(const struct async_module *m, void *world)
{
	struct loop *l = async_open(m, world);
	struct async_call c = { .world = world };

	async_begin(&c);
	async_end(l, world);
	assert_int_equal(c.told, 1);
}

static inline void assert_contract(const struct async_module *m, void *world)
{
	struct loop *l = async_open(m, world);
	struct async_call call = { .world = world };

	async_refuse(l, &call);
	async_two(l, world, NULL);
	if (m->cancel) {
		async_cancel_at_once(l, &(struct async_call){ .world = world });
		async_two(l, world, async_cancel_other);
	}
	async_end(l, world);
	async_close_under_way(m, world);
	if (m->close)
		async_close_inside(m, world);
}

#endif
