/* One header of a reply. Declared in http.h. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/net/http.h"

char *http_header(const char *headers, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = headers; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		const char *value = line + length, *end;

		if (strncasecmp(line, name, length) != 0 || *value != ':')
			continue;
		value++;
		value += strspn(value, " \t");
		end = value + strcspn(value, "\r\n");
		while (end > value && isspace((unsigned char)end[-1]))
			end--;
		return mem_dup_n(value, (size_t)(end - value));
	}
	return NULL;
}
