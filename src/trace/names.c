/* names.c: the names of tags, commands and status words, from spec/facts. */
#include "trace/room.h"

static const struct lk_tag_row tags[] = {
#define LK_TAG(name, value, where, text) {value, LK_IN_##where, #name, text},
#include "facts/tags.def"
#undef LK_TAG
};

const struct lk_tag_row *lk_trace_tag(enum lk_place place, uint16_t tag)
{
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        if (tags[i].place == place && tags[i].tag == tag)
            return &tags[i];
    }
    return NULL;
}

static const struct {
    enum lk_place place;
    uint16_t tag;
    enum lk_place inside;
} nests[] = {
    {LK_IN_REQUEST, LK_TAG_SCRYPT, LK_IN_SCRYPT},
    {LK_IN_DATA, LK_TAG_CREATION, LK_IN_CREATION},
    {LK_IN_DATA, LK_TAG_MAILBOX_MAP, LK_IN_MAP},
    {LK_IN_DATA, LK_TAG_DEVICE_CONFIG, LK_IN_CONFIG},
    {LK_IN_DATA, LK_TAG_VEHICLE_ATTESTATION, LK_IN_ATTESTATION},
    {LK_IN_CONFIG, LK_TAG_RADIOS, LK_IN_RADIO},
    {LK_IN_CONFIG, LK_TAG_SHARING_CONFIG, LK_IN_SHARING},
    {LK_IN_RADIO, LK_TAG_RADIO_BLE, LK_IN_BLE},
    {LK_IN_WIRED, LK_TAG_WIRED_CREATION, LK_IN_CREATION},
    {LK_IN_MESSAGE, LK_TAG_SHARE_CREATION, LK_IN_MESSAGE},
    {LK_IN_MESSAGE, LK_TAG_SHARE_SIGNING, LK_IN_MESSAGE},
    {LK_IN_MESSAGE, LK_TAG_SHARE_IMPORT, LK_IN_MESSAGE},
    {LK_IN_MESSAGE, LK_TAG_SHARE_CANCEL, LK_IN_MESSAGE},
    {LK_IN_MESSAGE, LK_TAG_SHARE_PIN, LK_IN_MESSAGE},
    {LK_IN_MESSAGE, LK_TAG_SHARE_CAR, LK_IN_DATA},
    {LK_IN_MESSAGE, LK_TAG_ENCRYPTION_KEY, LK_IN_ATTESTATION},
    {LK_IN_MESSAGE, LK_TAG_MESSAGE_ENTITLEMENT, LK_IN_ENTITLEMENT},
    {LK_IN_MESSAGE, LK_TAG_MESSAGE_SHARE, LK_IN_SHARE},
    {LK_IN_PACKAGE, LK_TAG_PACKAGE, LK_IN_PACKAGE},
    {LK_IN_PACKAGE, LK_TAG_SHARE, LK_IN_SHARE},
    {LK_IN_PACKAGE, LK_TAG_ENTITLEMENT, LK_IN_ENTITLEMENT},
    {LK_IN_PACKAGE, LK_TAG_RECEIPT, LK_IN_ATTESTATION},
};

enum lk_place lk_trace_inside(enum lk_place place, uint16_t tag)
{
    for (size_t i = 0; i < sizeof nests / sizeof nests[0]; i++) {
        if (nests[i].place == place && nests[i].tag == tag)
            return nests[i].inside;
    }
    return LK_IN_NOTHING;
}

struct command_row {
    uint8_t ins;
    const char *name;
};

static const struct command_row applet[] = {
#define LK_APPLET_COMMAND(name, cla, ins, interfaces, states, min, max, next, handler) {ins, #name},
#include "facts/commands.def"
#undef LK_APPLET_COMMAND
};

static const struct command_row framework[] = {
#define LK_FRAMEWORK_COMMAND(name, cla, ins, interfaces, states, min, max, next, handler) \
    {ins, #name},
#include "facts/commands.def"
#undef LK_FRAMEWORK_COMMAND
};

static const char *find(const struct command_row *rows, size_t num, uint8_t ins)
{
    for (size_t i = 0; i < num; i++) {
        if (rows[i].ins == ins)
            return rows[i].name;
    }
    return "UNKNOWN";
}

const char *lk_trace_command_name(enum lk_aid selected, uint8_t ins)
{
    if (selected == LK_AID_FRAMEWORK)
        return find(framework, sizeof framework / sizeof framework[0], ins);
    if (selected == LK_AID_APPLET || ins == 0xa4)
        return find(applet, sizeof applet / sizeof applet[0], ins);
    return "UNKNOWN";
}

const char *lk_trace_sw_text(uint16_t sw)
{
    if ((sw & 0xff00) == LK_SW_MORE)
        return "ok, more to come";
    switch (sw) {
    case LK_SW_OK:
        return "ok";
    case LK_SW_LENGTH:
        return "wrong length";
    case LK_SW_SECURITY:
        return "refused: signature, or no live key for this car";
    case LK_SW_SEQUENCE:
        return "out of sequence, or not available now";
    case LK_SW_MAC:
        return "wrong message authentication code";
    case LK_SW_DATA:
        return "bad data";
    case LK_SW_NOT_FOUND:
        return "application or object not found";
    case LK_SW_NO_MEMORY:
        return "not enough memory";
    case LK_SW_INVALID:
        return "data invalid, or evidence wrong";
    case LK_SW_P1P2:
        return "bad P1 or P2";
    case LK_SW_INS:
        return "instruction unknown";
    case LK_SW_CLASS:
        return "class unknown";
    case LK_SW_NOT_READY:
        return "not ready for pairing";
    case LK_SW_INTERNAL:
        return "internal error";
    default:
        return "unknown status word";
    }
}
