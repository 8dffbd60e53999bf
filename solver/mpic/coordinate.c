/* The coordinator: a round over the peers, and its answer. */
#include <stdlib.h>
#include <utlist.h>

#include "solver/base/mem.h"
#include "solver/mpic/internal.h"

struct coordination {
	struct mpic *m;
	json_t *question;            /* owns the texts of q */
	struct mpic_question q;
	mpic_fn done;                /* NULL: nobody waits any more */
	void *arg;
	struct coordination *prev, *next;
};

static void coordination_free(struct coordination *c)
{
	DL_DELETE(c->m->coordinations, c);
	json_decref(c->question);
	free(c);
}

static void on_round(const struct mpic_result *list, size_t count, size_t quorum, int64_t attempts, void *arg)
{
	struct coordination *c = arg;
	json_t *answer = mpic_answer_json(&c->q, list, count, quorum, attempts);

	if (c->done)
		c->done(answer, &(struct err){ 0 }, c->arg);
	json_decref(answer);
	coordination_free(c);
}

static int check_wishes(const struct mpic *m, const struct mpic_question *q, struct err *err)
{
	size_t count = q->perspective_count ? (size_t)q->perspective_count : m->peers->count;

	if (!m->peers->count)
		return err_set(err, ERR_UNSUPPORTED, "perspectives.peers is empty: there is nobody to ask");
	if (count > m->peers->count)
		return err_set(err, ERR_INVALID, "perspective_count is %zu, but there are %zu perspectives", count, m->peers->count);
	if (q->quorum_count && (size_t)q->quorum_count < mpic_quorum(count))
		return err_set(err, ERR_INVALID, "quorum_count must be at least %zu of %zu perspectives", mpic_quorum(count), count);
	if (q->quorum_count > (int64_t)count)
		return err_set(err, ERR_INVALID, "quorum_count is over perspective_count");
	return 0;
}

int mpic_coordinate(struct mpic *m, const struct mpic_question *q, mpic_fn done, void *arg, struct err *err)
{
	struct coordination *c;

	if (check_wishes(m, q, err) < 0)
		return err->code;
	c = mem_new(1, sizeof(*c));
	*c = (struct coordination){ .m = m, .question = mpic_question_json(q, true), .done = done, .arg = arg };
	mpic_question_read(c->question, true, false, &c->q, err); /* the same question with texts of its own */
	DL_APPEND(m->coordinations, c);
	round_start(m, q, on_round, c);
	return 0;
}

void coordinations_forget(struct mpic *m, void *arg)
{
	struct coordination *c;

	DL_FOREACH(m->coordinations, c)
		if (c->arg == arg)
			c->done = NULL;
}

void coordinations_free(struct mpic *m)
{
	while (m->coordinations)
		coordination_free(m->coordinations);
}
