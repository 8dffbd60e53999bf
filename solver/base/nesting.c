#include "solver/base/nesting.h"

bool nesting_is_over(const char *text, size_t length, int max)
{
	bool quoted = false;
	int depth = 0;

	for (size_t i = 0; i < length; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '{' || text[i] == '['))
			depth++;
		else if (!quoted && (text[i] == '}' || text[i] == ']'))
			depth--;
		if (depth > max)
			return true;
	}
	return false;
}
