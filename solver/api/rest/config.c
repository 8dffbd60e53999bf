/* GET /v1/config: the file of the service beside what runs. Operators and readers. */
#include "solver/api/caller/caller.h"
#include "solver/api/rest/rest.h"
#include "solver/conf/differences.h"

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *difference_json(const struct config_difference *d)
{
	return json_pack("{ss so so ss}", "option", d->option, "file", text_or_null(d->file), "running", text_or_null(d->running), "needs",
	                 d->start ? "restart" : "reload");
}

static json_t *comparison_json(const struct api *a, const struct config_difference *list, const struct err *err)
{
	json_t *differences = json_array();

	for (; list; list = list->next)
		json_array_append_new(differences, difference_json(list));
	return json_pack("{so so so}", "file", text_or_null(a->config->file), "error", text_or_null(err->code ? err->text : NULL), "differences", differences);
}

static void on_compared(const struct config_difference *list, const struct err *err, void *arg)
{
	struct call *c = arg;

	if (c->api)
		c->api->comparing = false;
	if (c->api && c->x)
		reply_json(c->x, 200, comparison_json(c->api, list, err));
	call_release(c);
}

void config_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *argument)
{
	struct problem problem = { 0 };
	struct call *c;

	(void)argument;
	if (!a->parts.compare || a->comparing) {
		problem_set(&problem, a->comparing ? 503 : 501, a->comparing ? ERR_BUSY : ERR_UNSUPPORTED, NULL,
		            a->comparing ? "the file is being compared for somebody else; ask again" : "this service reads no file");
		reply_problem(a, x, &problem);
		return;
	}
	c = call_new(a, x, caller);
	c->holders++;
	a->comparing = true;
	if (a->parts.compare(a->parts.arg, on_compared, c, &problem.err) == 0)
		return;
	a->comparing = false;
	reply_err(a, x, &problem.err);
	call_release(c);
}
