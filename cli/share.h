/* share.h: sharing on the command line: links, files of messages, and the questions that the
 * commands ask the host of a phone.
 *
 * A link is latchkey:share?v=c&s=SESSION#SECRET. The secret stands in the fragment alone, which no
 * server is ever sent. A message is one line of base64url, sealed under the secret. */
#ifndef SHARE_H
#define SHARE_H

#include "latchkey/sharing.h"
#include "local.h"
#include "phone.h"
#include "profiles.h"

/* A message or package as text, with room for a line end. */
#define SHARE_TEXT_MAX 6144
#define SHARE_LINK_MAX 128

/* Writes the link of a session; `out` takes SHARE_LINK_MAX. */
char *share_link_write(const uint8_t session[16], const struct lk_share_secret *secret, char *out);
/* Prints the error and returns its exit code. */
int share_link_read(const struct cli *cli, const char *text, uint8_t out_session[16],
                    struct lk_share_secret *out_secret);

/* Reads one line from a file, or from standard input for "-" or NULL. A line before it that is a
 * link goes into out_link (SHARE_LINK_MAX), if that is not NULL. Prints the error and returns its
 * exit code. */
int share_read_text(const struct cli *cli, const char *path, char *out_link,
                    char out[SHARE_TEXT_MAX]);
/* Writes one line to a file, or to standard output for "-" or NULL. */
int share_write_text(const struct cli *cli, const char *path, const char *text);

/* Draws a QR code with the characters of a terminal. 0 if the library fails. */
int share_print_qr(FILE *to, const char *text);

/* The host's answer to a question about sharing, or NULL if it is none. */
json_t *share_answer(struct lk_device *device, const char *what, json_t *question);

#endif
