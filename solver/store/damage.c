/* What to do about a damaged journal. */
#include <stdio.h>
#include <string.h>

#include "solver/store/sqlite.h"

/* A damaged file holds any bytes; none of them may reach a terminal. */
static void escape(char text[ERR_TEXT_MAX])
{
	char raw[ERR_TEXT_MAX];
	size_t n = 0;

	memcpy(raw, text, sizeof(raw));
	for (const unsigned char *c = (const unsigned char *)raw; *c && n + 5 < ERR_TEXT_MAX; c++)
		n += (size_t)snprintf(text + n, ERR_TEXT_MAX - n, *c >= ' ' && *c < 127 ? "%c" : "\\x%02x", *c);
	text[n] = '\0';
}

int damage_advise(struct sqlite *q, int code, struct err *err)
{
	static const char accept[] = ". Put a backup of the whole folder in its place; or go on with what can be read: dcvd journal accept";
	static const char begin[] = ". Too little can be read to go on. Put a backup of the whole folder in its place; or move journal.db* and journal.mark "
	                            "away and begin anew: challenges, clients, settings and the audit log are lost, published records stay";
	char text[ERR_TEXT_MAX];

	if (!err)
		return code;
	escape(err->text);
	if (code == ERR_DAMAGED) {
		const char *advice = copy_acceptable(q) ? accept : begin;

		memcpy(text, err->text, sizeof(text));
		snprintf(err->text, sizeof(err->text), "%.*s%s", (int)(sizeof(text) - 1 - strlen(advice)), text, advice);
	}
	return code;
}

int verify_acceptable(struct sqlite *q, struct err *err)
{
	return copy_acceptable(q) ? 0 : damage_advise(q, damaged(q, err, "what dcvd journal check says"), err);
}
