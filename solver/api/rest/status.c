/* The status page: files of webroot/status, compiled in. It uses the same API as every client, with the credentials of
 * the browser, and loads nothing from other hosts. */
#include <string.h>

#include <status_page.h>

#include "solver/api/rest/rest.h"

#define HTML "text/html; charset=utf-8"
#define CSS "text/css; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"
#define ASSET(name, type, bytes) { name, type, bytes, sizeof(bytes) }

static const struct asset {
	const char *name, *type;
	const unsigned char *bytes;
	size_t length;
} assets[] = {
	ASSET("index.html", HTML, status_index_html),
	ASSET("base.css", CSS, status_base_css),
	ASSET("status.css", CSS, status_status_css),
	ASSET("icon.svg", "image/svg+xml", status_icon_svg),
	ASSET("status.js", SCRIPT, status_status_js),
	ASSET("accounts.js", SCRIPT, status_accounts_js),
	ASSET("api.js", SCRIPT, status_api_js),
	ASSET("approval.js", SCRIPT, status_approval_js),
	ASSET("certificates.js", SCRIPT, status_certificates_js),
	ASSET("challenges.js", SCRIPT, status_challenges_js),
	ASSET("dom.js", SCRIPT, status_dom_js),
	ASSET("enrollment.js", SCRIPT, status_enrollment_js),
	ASSET("live.js", SCRIPT, status_live_js),
	ASSET("orders.js", SCRIPT, status_orders_js),
	ASSET("pager.js", SCRIPT, status_pager_js),
	ASSET("place.js", SCRIPT, status_place_js),
	ASSET("steps.js", SCRIPT, status_steps_js),
	ASSET("times.js", SCRIPT, status_times_js),
	ASSET("weeks.js", SCRIPT, status_weeks_js),
};

void status_get(struct api *a, struct http_exchange *x, const struct caller *caller, const char *name)
{
	struct err err;

	(void)caller;
	for (size_t i = 0; i < sizeof(assets) / sizeof(assets[0]); i++) {
		if (strcmp(*name ? name : "index.html", assets[i].name) != 0)
			continue;
		http_exchange_header(x, "Content-Security-Policy",
		                     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
		                     "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
		http_exchange_header(x, "X-Content-Type-Options", "nosniff");
		http_exchange_header(x, "Referrer-Policy", "no-referrer");
		http_exchange_header(x, "Cache-Control", "no-cache");
		http_exchange_reply(x, 200, assets[i].type, assets[i].bytes, assets[i].length);
		return;
	}
	err_set(&err, ERR_NOT_FOUND, "the status page has no file %.40s", name);
	reply_err(a, x, &err);
}
