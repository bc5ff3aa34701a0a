/*
 * qr.c - a QR code made of half blocks: two modules above each other in one
 * character, so that the picture is square in a terminal.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <qrencode.h>

#include "cli/cli.h"

#define QUIET       2 /* modules around it */
#define TEXT_OCTETS 512

static bool
is_dark(const QRcode *q, int x, int y)
{
	return x >= 0 && y >= 0 && x < q->width && y < q->width &&
	       (q->data[y * q->width + x] & 1) != 0;
}

/*
 * Light modules are drawn, dark ones left out: right on a dark terminal. To a
 * terminal both colours are said, so that it is right on every one.
 */
static void
draw(const QRcode *q, bool colours)
{
	static const char *const blocks[] = { "█", "▀", "▄", " " };

	for (int y = -QUIET; y < q->width + QUIET; y += 2) {
		(void)fputs(colours ? "\033[97;40m" : "", stdout);
		for (int x = -QUIET; x < q->width + QUIET; x++) {
			/* the row past an odd height is still quiet */
			const int up = is_dark(q, x, y);
			const int down = is_dark(q, x, y + 1);
			(void)fputs(blocks[2 * up + down], stdout);
		}
		(void)fputs(colours ? "\033[0m\n" : "\n", stdout);
	}
}

int
cli_qr(int argc, char **argv)
{
	char text[TEXT_OCTETS];

	(void)argv;
	if (argc != 1 || fgets(text, sizeof text, stdin) == NULL)
		return 2;
	text[strcspn(text, "\n")] = '\0';
	QRcode *q = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
	explicit_bzero(text, sizeof text);
	if (q == NULL) {
		(void)fputs("eaves: too long for a QR code\n", stderr);
		return 1;
	}
	draw(q, isatty(STDOUT_FILENO) != 0);
	QRcode_free(q);
	return 0;
}
