/* The status page: files of webroot/status, compiled in. It reads the same API as everybody, with the credentials the
 * browser was given, and may load nothing from anywhere else. */
#include <string.h>

#include <status_page.h>

#include "solver/api/rest/rest.h"

static const struct asset {
	const char *name, *type;
	const unsigned char *bytes;
	size_t length;
} assets[] = {
	{ "index.html", "text/html; charset=utf-8", status_index_html, sizeof(status_index_html) },
	{ "status.css", "text/css; charset=utf-8", status_status_css, sizeof(status_status_css) },
	{ "status.js", "text/javascript; charset=utf-8", status_status_js, sizeof(status_status_js) },
	{ "icon.svg", "image/svg+xml", status_icon_svg, sizeof(status_icon_svg) },
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
