/* The perspective: checks from here for somebody else. */
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "solver/base/mem.h"
#include "solver/mpic/internal.h"
#include "solver/verdict/data/body.h"

struct remote_check {
	struct mpic *m;
	struct check_run *run;
	json_t *question;            /* owns the texts of q */
	struct mpic_question q;
	mpic_fn done;
	void *arg;
	struct remote_check *prev, *next;
};

static void remote_check_free(struct remote_check *l)
{
	DL_DELETE(l->m->remote_checks, l);
	json_decref(l->question);
	free(l);
}

/* CAA is judged for the issuers that were asked about, not for ours. */
static struct verdict *judge_for(const struct remote_check *l, const struct evidence *e)
{
	struct authority authority = authority_copy(checker_authority_of(l->m->parts.checker, e));

	if (l->q.issuers[0])
		authority.issuers = (char **)l->q.issuers;
	authority.caa = true;
	return judge(e, &authority);
}

static void on_checked(struct evidence *e, struct verdict *v, void *arg)
{
	struct remote_check *l = arg;
	struct verdict *mine = l->q.caa ? judge_for(l, e) : NULL;
	json_t *answer;

	body_hide_all(e); /* whoever asks has no right to read from here */
	answer = mpic_response_json(&l->q, e, mine ? mine : v);
	l->run = NULL;
	l->done(answer, &(struct err){ 0 }, l->arg);
	json_decref(answer);
	verdict_free(mine);
	verdict_free(v);
	evidence_free(e);
	remote_check_free(l);
}

/* A profile for private networks would let a stranger reach into ours. */
static const char *public_profile(struct mpic *m)
{
	return authority_relaxes(checker_authority(m->parts.checker, NULL)) ? "letsencrypt" : NULL;
}

int mpic_check(struct mpic *m, const struct mpic_question *q, mpic_fn done, void *arg, struct err *err)
{
	struct remote_check *l = mem_new(1, sizeof(*l));
	struct check_want want;

	*l = (struct remote_check){ .m = m, .done = done, .arg = arg, .question = mpic_question_json(q, true) };
	DL_APPEND(m->remote_checks, l);
	if (mpic_question_read(l->question, true, false, &l->q, err) == 0) {
		want = (struct check_want){ .type = q->caa ? "dns-01" : l->q.type, .domain = l->q.domain, .token = l->q.token,
			.key_authorization = l->q.key_authorization, .value = l->q.value, .authority = public_profile(m),
			.parts = q->caa ? CHECK_CAA : CHECK_VALIDATION, .limit_ms = m->parts.config->perspectives.timeout_ms };
		if (check_start(m->parts.checker, &want, on_checked, l, &l->run, err) == 0)
			return 0;
	}
	remote_check_free(l);
	return err->code;
}

void remote_checks_cancel(struct mpic *m)
{
	while (m->remote_checks) {
		if (m->remote_checks->run)
			check_cancel(m->remote_checks->run);
		remote_check_free(m->remote_checks);
	}
}

void mpic_forget(struct mpic *m, void *arg)
{
	struct remote_check *l, *next;

	DL_FOREACH_SAFE(m->remote_checks, l, next) {
		if (l->arg != arg)
			continue;
		check_cancel(l->run);
		remote_check_free(l);
	}
	coordinations_forget(m, arg);
}
