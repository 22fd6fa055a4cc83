/* ca.c: Instance CAs, one per automaker: CREATE CA and DELETE CA. The applet makes N, self-signed;
 * the device maker turns it into E outside (D33, pki T3). spec/applet.md. */
#include "applet/applet.h"
#include "tlv/der.h"

size_t lk_ca_find(const struct lk_applet *applet, struct lk_bytes name)
{
    for (size_t i = 0; i < LK_APPLET_NUM_CAS; i++) {
        const struct lk_instance_ca *ca = &applet->cas[i];

        if (ca->name_len > 0 && lk_bytes_equal(lk_bytes(ca->name, ca->name_len), name))
            return i;
    }
    return LK_APPLET_NO_INDEX;
}

size_t lk_ca_name(const struct lk_instance_ca *ca, uint8_t out[64])
{
    static const uint8_t common_name[] = {0x55, 0x04, 0x03};
    struct lk_wr wr;

    lk_wr_init(&wr, out, 64);
    lk_der_put(&wr, LK_DER_OID, common_name, sizeof common_name);
    lk_der_put(&wr, LK_DER_PRINTABLE, ca->name, ca->name_len);
    lk_der_wrap(&wr, 0, LK_DER_SEQUENCE);
    lk_der_wrap(&wr, 0, LK_DER_SET);
    lk_der_wrap(&wr, 0, LK_DER_SEQUENCE);
    assert(wr.fault == LK_OK); /* a name has 32 bytes at most */
    return wr.len;
}

/* PrintableString of X.680: what a CommonName may hold (D2). */
static int is_printable(struct lk_bytes text)
{
    static const char marks[] = " '()+,-./:=?";

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.at[i];
        int is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');

        if (!is_letter && (c == 0 || strchr(marks, c) == NULL))
            return 0;
    }
    return 1;
}

/* N: the CA as the applet made it, self-signed, into the buffer. */
static enum lk_status issue_self(struct lk_applet *applet, const struct lk_instance_ca *ca)
{
    size_t len = 0;
    struct lk_cert_plan plan = {
        .role = LK_ROLE_INSTANCE_SELF,
        .subject_name = lk_bytes(ca->name, ca->name_len),
        .subject_key = ca->public_key,
        .signer = ca->key,
        .not_before = "20200101000000Z",
        .not_after = "99991231235959Z",
        .has_path_len = 1,
        .path_len = 0,
    };

    LK_TRY(lk_random(applet->crypto, plan.serial, sizeof plan.serial));
    LK_TRY(lk_cert_issue(applet->crypto, &plan, applet->buffer, sizeof applet->buffer, &len));
    applet->buffer_len = (uint16_t)len;
    return LK_OK;
}

static enum lk_status store_ca(struct lk_applet *applet, size_t index,
                               const struct lk_instance_ca *ca)
{
    enum lk_status status = LK_INTERNAL;

    LK_TRY(lk_records_begin(applet));
    status = lk_record_ca(applet, index, ca);
    if (status == LK_OK) /* there before any endpoint, so that a deletion only replaces it */
        status = lk_record_settings(applet, applet->express, applet->locked);
    return lk_records_end(applet, status);
}

enum lk_status lk_applet_on_create_ca(struct lk_turn *turn)
{
    struct lk_applet *applet = turn->applet;
    struct lk_instance_ca ca;
    struct lk_wired_ca body;
    size_t index = 0;
    enum lk_status status = LK_INTERNAL;

    if (turn->command.p1 != 0 || turn->command.p2 != 0)
        return LK_PEER_P1P2;
    LK_TRY(lk_wired_ca_parse(turn->command.body, &body));
    if (!is_printable(body.name))
        return LK_PEER_VALUE;
    if (lk_ca_find(applet, body.name) != LK_APPLET_NO_INDEX)
        return LK_CALLER_EXISTS;
    while (index < LK_APPLET_NUM_CAS && applet->cas[index].name_len > 0)
        index++;
    if (index == LK_APPLET_NUM_CAS)
        return LK_CALLER_FULL;

    memset(&ca, 0, sizeof ca);
    memcpy(ca.name, body.name.at, body.name.len);
    ca.name_len = (uint8_t)body.name.len;
    LK_TRY(lk_key_generate(applet->crypto, &ca.key, ca.public_key));
    status = issue_self(applet, &ca);
    if (status == LK_OK)
        status = store_ca(applet, index, &ca);
    if (status != LK_OK) {
        lk_key_free(applet->crypto, &ca.key);
        return status;
    }
    applet->cas[index] = ca;
    lk_wr_u16(&turn->reply, applet->buffer_len);
    return LK_OK;
}

/* The CA and everything under it goes in one commit (M97). */
static enum lk_status delete_records(struct lk_applet *applet, size_t ca)
{
    enum lk_status status = lk_record_drop_ca(applet, ca);

    if (status == LK_OK)
        status = lk_record_settings(applet, applet->express, applet->locked);
    for (size_t i = 0; status == LK_OK && i < LK_APPLET_NUM_ENDPOINTS; i++) {
        if (applet->endpoints[i].state != LK_ENDPOINT_NONE && applet->endpoints[i].ca == ca)
            status = lk_record_drop_endpoint(applet, i);
    }
    return status;
}

enum lk_status lk_applet_on_delete_ca(struct lk_turn *turn)
{
    struct lk_applet *applet = turn->applet;
    struct lk_wired_ca body;
    size_t index;

    if (turn->command.p1 != 0 || turn->command.p2 != 0)
        return LK_PEER_P1P2;
    LK_TRY(lk_wired_ca_parse(turn->command.body, &body));
    index = lk_ca_find(applet, body.name);
    if (index == LK_APPLET_NO_INDEX)
        return LK_CALLER_NOT_FOUND;
    LK_TRY(lk_records_begin(applet));
    LK_TRY(lk_records_end(applet, delete_records(applet, index)));
    for (size_t i = 0; i < LK_APPLET_NUM_ENDPOINTS; i++) {
        if (applet->endpoints[i].state != LK_ENDPOINT_NONE && applet->endpoints[i].ca == index)
            lk_endpoint_forget(applet, i);
    }
    lk_key_free(applet->crypto, &applet->cas[index].key);
    lk_wipe(&applet->cas[index], sizeof applet->cas[index]);
    return lk_store_compact(applet->store); /* no old byte stays (LI6) */
}
