#include "solver/base/utf8.h"

size_t utf8_read(const unsigned char *at, size_t left, unsigned *ret)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = at[0] < 0x80 ? 1 : at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : at[0] >= 0xc0 ? 2 : 0;

	if (!n || n > left || at[0] > 0xf4)
		return 0;
	*ret = n == 1 ? at[0] : at[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		*ret = *ret << 6 | (at[i] & 0x3f);
	}
	return *ret < least[n] || *ret > 0x10ffff || (*ret >= 0xd800 && *ret < 0xe000) ? 0 : n;
}
