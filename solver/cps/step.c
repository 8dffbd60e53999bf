#include "solver/cps/step.h"

#include <string.h>

#include "solver/base/mem.h"

static enum cps_step step_of_input(enum cps_input kind)
{
	static const enum cps_step steps[] = {
		[CPS_INPUT_PRE_WARNINGS] = CPS_STEP_CHECKS, [CPS_INPUT_CHALLENGES] = CPS_STEP_VALIDATION,
		[CPS_INPUT_THIRD_PARTY] = CPS_STEP_VALIDATION, [CPS_INPUT_POST_WARNINGS] = CPS_STEP_ISSUANCE,
		[CPS_INPUT_CHANGE_MANAGEMENT] = CPS_STEP_APPROVAL,
	};

	return steps[kind];
}

static enum cps_step step_of_status(const char *status)
{
	static const struct { const char *status; enum cps_step step; } known[] = {
		{ "generate-csr", CPS_STEP_CHECKS }, { "delete-csr", CPS_STEP_CHECKS }, { "pre-verification-safety-checks", CPS_STEP_CHECKS },
		{ "wait-review-pre-verification-safety-checks", CPS_STEP_CHECKS }, { "coordinate-domain-validation", CPS_STEP_VALIDATION },
		{ "wait-upload-third-party", CPS_STEP_VALIDATION }, { "check-for-cert", CPS_STEP_ISSUANCE },
		{ "check-for-cert-error", CPS_STEP_ISSUANCE }, { "wait-review-cert-warning", CPS_STEP_ISSUANCE },
		{ "verify-third-party-cert", CPS_STEP_ISSUANCE }, { "wait-review-third-party-cert", CPS_STEP_ISSUANCE },
		{ "create-slot-files", CPS_STEP_STAGING }, { "forward-create-slot-files", CPS_STEP_STAGING },
		{ "live-check-action", CPS_STEP_STAGING }, { "forward-live-check-action", CPS_STEP_STAGING },
		{ "deploy-changes-to-staging", CPS_STEP_STAGING }, { "deploy-cert-to-staging", CPS_STEP_STAGING },
		{ "wait-ack-change-management", CPS_STEP_APPROVAL }, { "deploy-cert-to-production", CPS_STEP_PRODUCTION },
		{ "abandon-slots-action", CPS_STEP_PRODUCTION }, { "deprovision-cert", CPS_STEP_PRODUCTION }, { "complete", CPS_STEP_PRODUCTION },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(known[i].status, status) == 0)
			return known[i].step;
	return CPS_STEP_UNKNOWN;
}

/* What CPS wants to be told says more than the name of the status. */
enum cps_step cps_step_of(const struct cps_change *change)
{
	for (size_t i = 0; i < change->allowed_count; i++)
		if (change->allowed[i].kind != CPS_INPUT_UNKNOWN)
			return step_of_input(change->allowed[i].kind);
	return step_of_status(change->status);
}

const char *cps_step_name(enum cps_step step)
{
	static const char *const names[CPS_STEPS] = {
		[CPS_STEP_CHECKS] = "checks", [CPS_STEP_VALIDATION] = "validation", [CPS_STEP_ISSUANCE] = "issuance",
		[CPS_STEP_STAGING] = "staging", [CPS_STEP_APPROVAL] = "approval", [CPS_STEP_PRODUCTION] = "production",
	};

	return (unsigned)step < CPS_STEPS ? names[step] : NULL;
}
