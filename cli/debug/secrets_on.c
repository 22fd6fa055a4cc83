/* secrets_on.c: linked in place of secrets_off.c when the build sets LATCHKEY_DEBUG_SECRETS:
 * session keys go into the trace, so that `latchkey trace explain` can open the channel. Never ship
 * such a build. */
#include "../record.h"

void record_secret(const struct record *record, const char *link, const struct lk_chan *chan)
{
    char enc[33], mac[33], rmac[33];
    if (record->fd < 0 || !chan->is_open)
        return;
    record_line(record, link,
                json_pack("{s:{s:s, s:s, s:s}}", "secret", "enc", cli_hex(chan->keys.enc, 16, enc),
                          "mac", cli_hex(chan->keys.mac, 16, mac), "rmac",
                          cli_hex(chan->keys.rmac, 16, rmac)));
}
