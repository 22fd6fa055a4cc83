/* select.c: SELECT, its answers, and the choice of a version. */
#include "msg/select.h"

#include "msg/field.h"

const uint8_t lk_aid_applet[13] = {0xa0, 0x00, 0x00, 0x08, 0x09, 0x43, 0x43,
                                   0x43, 0x44, 0x4b, 0x41, 0x76, 0x31};
const uint8_t lk_aid_framework[13] = {0xa0, 0x00, 0x00, 0x08, 0x09, 0x43, 0x43,
                                      0x43, 0x44, 0x4b, 0x46, 0x76, 0x31};

enum lk_aid lk_select_aid(struct lk_bytes body)
{
    if (lk_bytes_equal(body, lk_bytes(lk_aid_applet, sizeof lk_aid_applet)))
        return LK_AID_APPLET;
    if (lk_bytes_equal(body, lk_bytes(lk_aid_framework, sizeof lk_aid_framework)))
        return LK_AID_FRAMEWORK;
    return LK_AID_OTHER;
}

enum lk_status lk_select_framework_parse(struct lk_bytes in, struct lk_select_framework *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_select_framework msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.spake_versions = lk_field_versions(&rd, LK_TAG_SPAKE_VERSIONS);
    msg.applet_versions = lk_field_versions(&rd, LK_TAG_APPLET_VERSIONS);
    msg.pairing_mode = lk_field_u8(&rd, LK_TAG_PAIRING_MODE);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_select_framework_write(const struct lk_select_framework *msg, struct lk_wr *wr)
{
    lk_field_put_versions(wr, LK_TAG_SPAKE_VERSIONS, msg->spake_versions);
    lk_field_put_versions(wr, LK_TAG_APPLET_VERSIONS, msg->applet_versions);
    lk_tlv_put_u8(wr, LK_TAG_PAIRING_MODE, msg->pairing_mode);
}

enum lk_status lk_select_applet_parse(struct lk_bytes in, struct lk_select_applet *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_select_applet msg;
    struct lk_rd rd;

    lk_rd_init(&rd, in, &fault);
    msg.versions = lk_field_versions(&rd, LK_TAG_APPLET_VERSIONS);
    LK_TRY(lk_field_close(&rd));
    *out = msg;
    return LK_OK;
}

void lk_select_applet_write(const struct lk_select_applet *msg, struct lk_wr *wr)
{
    lk_field_put_versions(wr, LK_TAG_APPLET_VERSIONS, msg->versions);
}

static int holds(struct lk_bytes list, uint16_t version)
{
    for (size_t i = 0; i + 1 < list.len; i += 2) {
        if (lk_be16(list.at + i) == version)
            return 1;
    }
    return 0;
}

enum lk_status lk_version_common(struct lk_bytes ours, struct lk_bytes theirs, uint8_t out[2])
{
    uint32_t best = 0;
    int found = 0;

    if (ours.len % 2 != 0 || theirs.len % 2 != 0)
        return LK_PEER_VERSION;
    for (size_t i = 0; i + 1 < ours.len; i += 2) {
        uint16_t version = lk_be16(ours.at + i);
        if (version >= best && holds(theirs, version)) {
            best = version;
            found = 1;
        }
    }
    if (!found)
        return LK_PEER_VERSION;
    lk_put16(out, (uint16_t)best);
    return LK_OK;
}
