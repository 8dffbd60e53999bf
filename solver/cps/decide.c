#include "solver/cps/decide.h"

#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"

/* Where the first table leads. */
enum step { STEP_WAIT, STEP_UNKNOWN, STEP_WARNINGS, STEP_NAMES, STEP_THIRD_PARTY, STEP_APPROVAL, STEP_STRANGE, STEP_ORDERED, STEP_LATE,
            STEP_DONE, STEP_FAIL, STEP_CANCEL };

#define ALL_SIGNS(step) { [0 ... CPS_SIGNS - 1] = (step) }
/* An input counts for what it is; without one the status counts. A status that is unknown says nothing. */
#define LIVE_SIGNS { \
	[CPS_SIGN_PRE_WARNINGS] = STEP_WARNINGS, [CPS_SIGN_POST_WARNINGS] = STEP_WARNINGS, [CPS_SIGN_CHALLENGES] = STEP_NAMES, \
	[CPS_SIGN_THIRD_PARTY] = STEP_THIRD_PARTY, [CPS_SIGN_CHANGE_MANAGEMENT] = STEP_APPROVAL, \
	[CPS_SIGN_UNKNOWN_INPUT] = STEP_STRANGE, [CPS_SIGN_EARLY] = STEP_WAIT, [CPS_SIGN_ORDERED] = STEP_ORDERED, \
	[CPS_SIGN_LATE] = STEP_LATE, [CPS_SIGN_COMPLETE] = STEP_LATE, [CPS_SIGN_UNKNOWN_STATUS] = STEP_UNKNOWN }

static const unsigned char life[CPS_STATES][CPS_SIGNS] = {
	[CPS_STATE_UNKNOWN] = LIVE_SIGNS,
	[CPS_NEW] = LIVE_SIGNS,
	[CPS_RUNNING] = LIVE_SIGNS,
	[CPS_AWAITING_INPUT] = LIVE_SIGNS,
	[CPS_SUSPENDED] = LIVE_SIGNS,
	[CPS_ERROR] = ALL_SIGNS(STEP_FAIL),
	[CPS_CANCELLED] = ALL_SIGNS(STEP_CANCEL),
	[CPS_COMPLETED] = ALL_SIGNS(STEP_DONE),
};

#define ALL_ORDERS(action) { [0 ... CPS_ORDER_COUNT - 1] = (action) }
#define WITHDRAW_ORDER { [CPS_ORDER_NONE] = CPS_WAIT, [CPS_ORDER_STALE ... CPS_ORDER_COUNT - 1] = CPS_WITHDRAW }

/* The one cell that acknowledges: every open name is answered, and every answer is ready. */
static const unsigned char validation[CPS_NAMES_COUNT][CPS_ORDER_COUNT] = {
	[CPS_NAMES_UNREAD] = ALL_ORDERS(CPS_READ_NAMES),
	[CPS_NAMES_NONE] = ALL_ORDERS(CPS_WAIT),
	[CPS_NAMES_PREPARING] = ALL_ORDERS(CPS_WAIT),
	[CPS_NAMES_OPEN] = {
		[CPS_ORDER_NONE] = CPS_PUBLISH, [CPS_ORDER_STALE] = CPS_PUBLISH, [CPS_ORDER_PENDING] = CPS_FOLLOW_ORDER,
		[CPS_ORDER_FAILED] = CPS_GIVE_UP_ORDER, [CPS_ORDER_WITHDRAWN] = CPS_PUBLISH, [CPS_ORDER_READY] = CPS_ACKNOWLEDGE_NAMES,
		[CPS_ORDER_HELD] = CPS_WAIT, [CPS_ORDER_ACKNOWLEDGED] = CPS_WAIT,
	},
	[CPS_NAMES_CLOSED] = ALL_ORDERS(CPS_WAIT),
	[CPS_NAMES_SPENT] = WITHDRAW_ORDER,
	[CPS_NAMES_VALID] = WITHDRAW_ORDER,
};

static const unsigned char warnings[CPS_WARNED_COUNT] = {
	[CPS_WARNED_UNREAD] = CPS_READ_WARNINGS, [CPS_WARNED_EMPTY] = CPS_WAIT, [CPS_WARNED_ALLOWED] = CPS_ACKNOWLEDGE_WARNINGS,
	[CPS_WARNED_REFUSED] = CPS_HOLD, [CPS_WARNED_ACKNOWLEDGED] = CPS_WAIT,
};

static const unsigned char approvals[CPS_APPROVAL_COUNT] = {
	[CPS_APPROVAL_UNREAD] = CPS_READ_APPROVAL, [CPS_APPROVAL_WAITING] = CPS_HOLD, [CPS_APPROVAL_LATER] = CPS_HOLD,
	[CPS_APPROVAL_GIVEN] = CPS_ACKNOWLEDGE_CHANGE, [CPS_APPROVAL_DENIED] = CPS_DENY_CHANGE, [CPS_APPROVAL_ERRORS] = CPS_HOLD,
	[CPS_APPROVAL_ACKNOWLEDGED] = CPS_WAIT,
};

static const char *const approval_reasons[CPS_APPROVAL_COUNT] = {
	[CPS_APPROVAL_WAITING] = "change management waits for an approval", [CPS_APPROVAL_LATER] = "it is approved for a later time",
	[CPS_APPROVAL_ERRORS] = "change management found errors",
};

/* What stands between an approval and the acknowledgement. */
static const unsigned char programs[CPS_PROGRAM_COUNT] = {
	[CPS_PROGRAM_NONE] = CPS_ACKNOWLEDGE_CHANGE, [CPS_PROGRAM_DUE] = CPS_RUN_BEFORE, [CPS_PROGRAM_PASSED] = CPS_ACKNOWLEDGE_CHANGE,
	[CPS_PROGRAM_FAILED] = CPS_HOLD,
};

/* Where a deployment window is set: before what leads to production goes on. Where CPS goes on by itself, a refusal holds nothing. */
enum when { WINDOW_NEVER, WINDOW_TRIED, WINDOW_NEEDED };
static const unsigned char windows[CPS_SIGNS] = {
	[CPS_SIGN_CHALLENGES] = WINDOW_NEEDED, [CPS_SIGN_POST_WARNINGS] = WINDOW_NEEDED, [CPS_SIGN_CHANGE_MANAGEMENT] = WINDOW_NEEDED,
	[CPS_SIGN_ORDERED] = WINDOW_TRIED,
};

#define ALL_EDGES(action) { [0 ... CPS_EDGE_COUNT - 1] = (action) }
#define BY_EDGE { [CPS_EDGE_NONE] = CPS_DONE, [CPS_EDGE_UNREAD] = CPS_LOOK_AT_EDGE, [CPS_EDGE_OTHER] = CPS_WAIT_FOR_PRODUCTION, \
	[CPS_EDGE_UNREACHABLE] = CPS_WAIT_FOR_PRODUCTION, [CPS_EDGE_SAME] = CPS_DONE }

/* A change that CPS calls complete, and whose policy follows it to production. */
static const unsigned char ends[CPS_DEPLOYED_COUNT][CPS_EDGE_COUNT] = {
	[CPS_DEPLOYED_UNREAD] = ALL_EDGES(CPS_READ_PRODUCTION),
	[CPS_DEPLOYED_OTHER] = ALL_EDGES(CPS_WAIT_FOR_PRODUCTION),
	[CPS_DEPLOYED_UNKNOWN] = BY_EDGE,
	[CPS_DEPLOYED_SAME] = BY_EDGE,
};

static const unsigned char fates[CPS_FATE_COUNT] = {
	[CPS_FATE_UNREAD] = CPS_READ_HISTORY, [CPS_FATE_UNKNOWN] = CPS_LOSE, [CPS_FATE_CANCELLED] = CPS_CANCEL,
	[CPS_FATE_VALIDATED] = CPS_DONE, [CPS_FATE_COMPLETED] = CPS_DONE,
};

/* ---- reading the model */

static enum cps_sign sign_of_input(enum cps_input kind)
{
	switch (kind) {
	case CPS_INPUT_PRE_WARNINGS:
		return CPS_SIGN_PRE_WARNINGS;
	case CPS_INPUT_POST_WARNINGS:
		return CPS_SIGN_POST_WARNINGS;
	case CPS_INPUT_CHALLENGES:
		return CPS_SIGN_CHALLENGES;
	case CPS_INPUT_THIRD_PARTY:
		return CPS_SIGN_THIRD_PARTY;
	case CPS_INPUT_CHANGE_MANAGEMENT:
		return CPS_SIGN_CHANGE_MANAGEMENT;
	default:
		return CPS_SIGN_UNKNOWN_INPUT;
	}
}

enum cps_sign cps_sign_of(const struct cps_change *change)
{
	static const enum cps_sign by_status[] = {
		[CPS_STATUS_UNKNOWN] = CPS_SIGN_UNKNOWN_STATUS, [CPS_STATUS_EARLY] = CPS_SIGN_EARLY, [CPS_STATUS_ORDERED] = CPS_SIGN_ORDERED,
		[CPS_STATUS_LATE] = CPS_SIGN_LATE, [CPS_STATUS_COMPLETE] = CPS_SIGN_COMPLETE,
	};
	enum cps_sign first = CPS_SIGNS;

	for (size_t i = 0; i < change->allowed_count; i++) {
		enum cps_sign sign = sign_of_input(change->allowed[i].kind);

		if (sign < first && (sign != CPS_SIGN_UNKNOWN_INPUT || change->allowed[i].required))
			first = sign;
	}
	return first < CPS_SIGNS ? first : by_status[change->phase];
}

static bool has_expired(const struct cps_domain *d, int64_t wall_ms)
{
	return cps_domain_is_open(d) && d->expires_ms && d->expires_ms <= wall_ms;
}

enum cps_names cps_names_of(const struct cps_domains *domains, int64_t wall_ms)
{
	size_t valid = 0, spent = 0, open = 0, expired = 0;

	if (domains->count == 0)
		return CPS_NAMES_NONE;
	for (size_t i = 0; i < domains->count; i++) {
		const struct cps_domain *d = &domains->items[i];

		if (strcasecmp(d->status, "preparing") == 0)
			return CPS_NAMES_PREPARING;
		valid += cps_domain_is_valid(d);
		spent += !cps_domain_is_valid(d) && cps_domain_is_spent(d);
		open += cps_domain_is_open(d);
		expired += has_expired(d, wall_ms);
	}
	if (valid == domains->count)
		return CPS_NAMES_VALID;
	if (expired || valid + spent == domains->count)
		return CPS_NAMES_SPENT;
	return open ? CPS_NAMES_OPEN : CPS_NAMES_CLOSED;
}

/* ---- deciding */

static struct cps_action act(enum cps_do todo)
{
	return (struct cps_action){ .todo = todo };
}

static struct cps_action fail(int code, const char *why)
{
	return (struct cps_action){ .todo = CPS_FAIL, .code = code, .why = why };
}

/* What people must decide ends the drive of who does not wait for people. */
static struct cps_action hold(const struct cps_policy *policy, int code, const char *why)
{
	return (struct cps_action){ .todo = policy->patient ? CPS_HOLD : CPS_FAIL, .code = code, .why = why };
}

static struct cps_action wait_for_known(const struct cps_facts *facts, const struct cps_policy *policy, int64_t now_ms)
{
	struct cps_action wait = act(CPS_WAIT);

	wait.alarm = policy->unknown_alarm_ms > 0 && now_ms - facts->sign_since_ms >= policy->unknown_alarm_ms;
	return wait;
}

/* Every name was valid, or the status proves that the authority has issued. */
static struct cps_action past_validation(const struct cps_facts *facts, const struct cps_policy *policy, bool issued)
{
	if (!facts->names_valid && facts->fate == CPS_FATE_UNREAD && policy->follow == CPS_FOLLOW_VALIDATION)
		return act(CPS_READ_HISTORY); /* nobody has read yet that the names are valid; who follows on has the status and, later, the history */
	if (facts->order != CPS_ORDER_NONE)
		return act(CPS_WITHDRAW);
	switch (policy->follow) {
	case CPS_FOLLOW_VALIDATION:
		return act(issued || facts->settling >= CPS_SETTLING_MAX ? CPS_DONE : CPS_WAIT);
	case CPS_FOLLOW_ISSUANCE:
		return act(issued ? CPS_DONE : CPS_WAIT);
	default:
		return act(CPS_WAIT);
	}
}

static struct cps_action about_names(const struct cps_facts *facts, const struct cps_policy *policy, int64_t now_ms)
{
	enum cps_do todo = validation[facts->names][facts->order];

	if (facts->names_valid || facts->names == CPS_NAMES_VALID)
		return past_validation(facts, policy, false);
	if (todo == CPS_PUBLISH && facts->generations >= CPS_GENERATIONS_MAX)
		return fail(ERR_CONFLICT, "CPS has changed its tokens too often; giving up");
	if (todo != CPS_ACKNOWLEDGE_NAMES)
		return act(todo);
	if (now_ms - facts->names_read_ms > CPS_NAMES_FRESH_MS)
		return act(CPS_READ_NAMES); /* CPS may want other tokens by now */
	if (facts->acknowledgements > CPS_GENERATIONS_MAX)
		return fail(ERR_CONFLICT, "CPS took many acknowledgements and still has open names");
	return act(todo);
}

static struct cps_action about_warnings(const struct cps_facts *facts, const struct cps_policy *policy)
{
	enum cps_do todo = warnings[facts->warned];

	return todo == CPS_HOLD ? hold(policy, ERR_DENIED, "warnings that the configuration does not allow to acknowledge") : act(todo);
}

static struct cps_action about_approval(const struct cps_facts *facts, const struct cps_policy *policy)
{
	enum cps_do todo = approvals[facts->approval];

	if (policy->follow == CPS_FOLLOW_VALIDATION || policy->follow == CPS_FOLLOW_ISSUANCE)
		return past_validation(facts, policy, true);
	if (todo == CPS_HOLD)
		return hold(policy, ERR_DENIED, approval_reasons[facts->approval]);
	if (todo == CPS_ACKNOWLEDGE_CHANGE)
		todo = programs[facts->before];
	return todo == CPS_HOLD ? hold(policy, ERR_DENIED, "the program that runs before deployment failed") : act(todo);
}

static struct cps_action give_up_end(const struct cps_facts *facts)
{
	if (facts->deployed == CPS_DEPLOYED_OTHER)
		return fail(ERR_CONFLICT, "it is complete, but the certificate in production is not the one that its history names");
	if (facts->edge == CPS_EDGE_OTHER)
		return fail(ERR_CONFLICT, "it is complete, but the edge server shows another certificate than the one in production");
	return fail(ERR_UNREACHABLE, "it is complete, but the edge server of verify-edge shows no certificate");
}

/* Over, as CPS says; whether production shows it is looked at where the policy follows so far. */
static struct cps_action about_end(const struct cps_facts *facts, const struct cps_policy *policy)
{
	enum cps_do todo = policy->follow == CPS_FOLLOW_PRODUCTION ? ends[facts->deployed][facts->edge] : CPS_DONE;

	if (facts->order != CPS_ORDER_NONE)
		return act(CPS_WITHDRAW);
	if (todo == CPS_WAIT_FOR_PRODUCTION && facts->end_looks >= CPS_END_LOOKS_MAX)
		return give_up_end(facts);
	if (todo == CPS_DONE && policy->follow == CPS_FOLLOW_PRODUCTION && facts->after == CPS_PROGRAM_DUE)
		return act(CPS_RUN_AFTER);
	return act(todo);
}

/* CPS_WAIT: nothing is to be done about windows now. */
static struct cps_action about_windows(enum cps_sign sign, const struct cps_facts *facts, const struct cps_policy *policy)
{
	if (windows[sign] != WINDOW_NEVER && facts->schedule == CPS_SCHEDULE_WANTED)
		return act(CPS_SCHEDULE);
	if (windows[sign] == WINDOW_NEEDED && facts->schedule == CPS_SCHEDULE_REFUSED)
		return hold(policy, ERR_DENIED, "CPS does not take the deployment window of the policy; \"dcvd cps schedule\" sets another time");
	return act(CPS_WAIT);
}

/* Valid names say nothing of production; the list may lag, or the history. */
static bool follows_beyond(const struct cps_facts *facts, const struct cps_policy *policy)
{
	return facts->fate == CPS_FATE_VALIDATED && policy->follow == CPS_FOLLOW_PRODUCTION;
}

static struct cps_action about_vanished(const struct cps_facts *facts, const struct cps_policy *policy)
{
	enum cps_do todo = fates[facts->fate];

	if (facts->order != CPS_ORDER_NONE)
		return act(CPS_WITHDRAW);
	if (facts->names_valid && policy->follow == CPS_FOLLOW_VALIDATION)
		return act(CPS_DONE);
	if ((todo == CPS_LOSE || follows_beyond(facts, policy)) && facts->fate_looks < CPS_FATE_LOOKS_MAX)
		return act(CPS_WAIT);
	return todo == CPS_DONE ? about_end(facts, policy) : act(todo);
}

struct cps_action cps_decide(const struct cps_change *change, const struct cps_facts *facts, const struct cps_policy *policy, int64_t now_ms)
{
	enum cps_sign sign = change ? cps_sign_of(change) : CPS_SIGNS;
	enum step step = change ? (enum step)life[change->state][sign] : STEP_DONE;
	struct cps_action window;

	if (!change)
		return about_vanished(facts, policy);
	window = step < STEP_DONE ? about_windows(sign, facts, policy) : act(CPS_WAIT);
	if (window.todo != CPS_WAIT)
		return window;
	switch (step) {
	case STEP_WAIT:
		return facts->names_valid ? past_validation(facts, policy, false) : act(CPS_WAIT);
	case STEP_UNKNOWN:
		return facts->names_valid ? past_validation(facts, policy, false) : wait_for_known(facts, policy, now_ms);
	case STEP_WARNINGS:
		return about_warnings(facts, policy);
	case STEP_NAMES:
		return about_names(facts, policy, now_ms);
	case STEP_THIRD_PARTY:
		return hold(policy, ERR_UNSUPPORTED, "it waits for a third-party certificate, not for domain validation");
	case STEP_APPROVAL:
		return about_approval(facts, policy);
	case STEP_STRANGE:
		return hold(policy, ERR_UNSUPPORTED, "CPS wants an input that dcvd does not know");
	case STEP_ORDERED:
		return past_validation(facts, policy, false);
	case STEP_LATE:
		return past_validation(facts, policy, true);
	case STEP_DONE:
		return about_end(facts, policy);
	case STEP_FAIL:
		return fail(ERR_INVALID, NULL);
	case STEP_CANCEL:
		return act(CPS_CANCEL);
	}
	return act(CPS_WAIT);
}

/* ---- printing */

static const char *const do_names[CPS_DOINGS] = {
	[CPS_WAIT] = "wait", [CPS_READ_NAMES] = "read names", [CPS_READ_WARNINGS] = "read warnings", [CPS_READ_APPROVAL] = "read approval",
	[CPS_READ_HISTORY] = "read history", [CPS_PUBLISH] = "publish", [CPS_FOLLOW_ORDER] = "follow order", [CPS_WITHDRAW] = "withdraw",
	[CPS_ACKNOWLEDGE_NAMES] = "ACKNOWLEDGE", [CPS_ACKNOWLEDGE_WARNINGS] = "acknowledge warnings",
	[CPS_ACKNOWLEDGE_CHANGE] = "acknowledge change", [CPS_DENY_CHANGE] = "deny change", [CPS_SCHEDULE] = "set window",
	[CPS_RUN_BEFORE] = "run program before", [CPS_READ_PRODUCTION] = "read production", [CPS_LOOK_AT_EDGE] = "look at edge",
	[CPS_WAIT_FOR_PRODUCTION] = "wait, look again", [CPS_RUN_AFTER] = "run program after", [CPS_HOLD] = "hold", [CPS_GIVE_UP_ORDER] = "give up order", [CPS_DONE] = "done",
	[CPS_FAIL] = "fail", [CPS_CANCEL] = "cancelled", [CPS_LOSE] = "unknown end",
};

static const char *const step_names[] = {
	[STEP_WAIT] = "wait", [STEP_UNKNOWN] = "wait, alarm", [STEP_WARNINGS] = "warnings", [STEP_NAMES] = "names",
	[STEP_THIRD_PARTY] = "third party", [STEP_APPROVAL] = "approval", [STEP_STRANGE] = "hold", [STEP_ORDERED] = "settle",
	[STEP_LATE] = "follow", [STEP_DONE] = "done", [STEP_FAIL] = "fail", [STEP_CANCEL] = "cancelled",
};

static const char *const sign_names[CPS_SIGNS] = {
	[CPS_SIGN_PRE_WARNINGS] = "pre-warnings", [CPS_SIGN_POST_WARNINGS] = "post-warnings", [CPS_SIGN_CHALLENGES] = "challenges",
	[CPS_SIGN_THIRD_PARTY] = "third-party", [CPS_SIGN_CHANGE_MANAGEMENT] = "change-mgmt", [CPS_SIGN_UNKNOWN_INPUT] = "unknown input",
	[CPS_SIGN_EARLY] = "early", [CPS_SIGN_ORDERED] = "ordered", [CPS_SIGN_LATE] = "late", [CPS_SIGN_COMPLETE] = "complete",
	[CPS_SIGN_UNKNOWN_STATUS] = "unknown",
};

static const char *const names_names[CPS_NAMES_COUNT] = { "unread", "none", "preparing", "open", "closed", "spent", "valid" };
static const char *const order_names[CPS_ORDER_COUNT] = {
	"none", "stale", "pending", "failed", "withdrawn", "ready", "held", "acknowledged",
};

static const char *const warned_names[CPS_WARNED_COUNT] = { "unread", "empty", "allowed", "refused", "acknowledged" };
static const char *const approval_names[CPS_APPROVAL_COUNT] = { "unread", "waiting", "later", "given", "denied", "errors", "acknowledged" };
static const char *const program_names[CPS_PROGRAM_COUNT] = { "none", "due", "passed", "failed" };
static const char *const fate_names[CPS_FATE_COUNT] = { "unread", "unknown", "cancelled", "validated", "completed" };
static const char *const deployed_names[CPS_DEPLOYED_COUNT] = { "unread", "other", "unknown", "same" };
static const char *const edge_names[CPS_EDGE_COUNT] = { "not asked", "unread", "other", "unreachable", "same" };

const char *cps_do_name(enum cps_do todo)
{
	return do_names[todo];
}

const char *cps_sign_name(enum cps_sign sign)
{
	return sign_names[sign];
}

static void print_heads(struct buf *out, const char *corner, const char *const *names, size_t count)
{
	buf_printf(out, "%-20s", corner);
	for (size_t i = 0; i < count; i++)
		buf_printf(out, " %-16s", names[i]);
}

/* A grid of what is done: `cells` has a row for each of `rows`. */
static void print_grid(struct buf *out, const char *corner, const char *const *rows, size_t row_count, const char *const *columns, size_t count,
                       const unsigned char *cells)
{
	print_heads(out, corner, columns, count);
	for (size_t r = 0; r < row_count; r++) {
		buf_printf(out, "\n%-20s", rows[r]);
		for (size_t i = 0; i < count; i++)
			buf_printf(out, " %-16s", do_names[cells[r * count + i]]);
	}
	buf_add_text(out, "\n\n");
}

void cps_decide_print(struct buf *out)
{
	static const char *const one[] = { "is done" };

	print_heads(out, "state \\ shows", sign_names, CPS_SIGNS);
	for (size_t i = 0; i < CPS_STATES; i++) {
		buf_printf(out, "\n%-20s", cps_state_name((enum cps_state)i));
		for (size_t s = 0; s < CPS_SIGNS; s++)
			buf_printf(out, " %-16s", step_names[life[i][s]]);
	}
	buf_printf(out, "\n%-20s", "window of policy");
	for (size_t s = 0; s < CPS_SIGNS; s++)
		buf_printf(out, " %-16s", windows[s] == WINDOW_NEEDED ? "set, or hold" : windows[s] == WINDOW_TRIED ? "set" : "-");
	buf_add_text(out, "\n\n");
	print_grid(out, "names \\ order", names_names, CPS_NAMES_COUNT, order_names, CPS_ORDER_COUNT, &validation[0][0]);
	print_grid(out, "warnings", warned_names, CPS_WARNED_COUNT, one, 1, warnings);
	print_grid(out, "change management", approval_names, CPS_APPROVAL_COUNT, one, 1, approvals);
	print_grid(out, "given, and program", program_names, CPS_PROGRAM_COUNT, one, 1, programs);
	print_grid(out, "vanished, history", fate_names, CPS_FATE_COUNT, one, 1, fates);
	print_grid(out, "production \\ edge", deployed_names, CPS_DEPLOYED_COUNT, edge_names, CPS_EDGE_COUNT, &ends[0][0]);
}
