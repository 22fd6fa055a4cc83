/* share_host.c: sharing in the host process of a phone: what the commands of share.c ask. */
#include <string.h>

#include "base/base.h"
#include "base64url.h"
#include "moment.h"
#include "share.h"

static const char *state_text(uint8_t state)
{
    switch (state) {
    case LK_SHARING_INVITED:
        return "invited";
    case LK_SHARING_PIN:
        return "waits for the PIN";
    case LK_SHARING_DONE:
        return "done";
    default:
        return "ended";
    }
}

static json_t *sharing_object(const struct lk_sharing *sharing, size_t index)
{
    char session[2 * 16 + 1], vehicle[2 * LK_VEHICLE_ID_LEN + 1], key[2 * LK_KEY_ID_LEN + 1];
    char until[MOMENT_TEXT_LEN];
    json_t *object = json_pack(
        "{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:i}", "sharing", (int)index + 1, "role",
        sharing->role == LK_SHARING_OWNER ? "owner" : "friend", "state",
        state_text(sharing->state), "name", sharing->name, "session",
        cli_hex(sharing->session, sizeof sharing->session, session), "vehicle_id",
        cli_hex_upper(sharing->vehicle_id, LK_VEHICLE_ID_LEN, vehicle), "redeem_by",
        moment_text(sharing->redeem_by, until), "item", (int)sharing->pass + 1, "profile_number",
        (int)0);
    json_object_set_new(object, "profile_number", json_integer(sharing->profile));
    if (!lk_is_zero(sharing->friend_key_id, LK_KEY_ID_LEN))
        json_object_set_new(object, "friend_key",
                            json_string(cli_hex(sharing->friend_key_id, LK_KEY_ID_LEN, key)));
    if (sharing->state == LK_SHARING_PIN)
        json_object_set_new(object, "tries_left", json_integer(sharing->tries_left));
    if (sharing->state == LK_SHARING_ENDED)
        json_object_set_new(object, "ended",
                            json_string(lk_status_name((enum lk_status)sharing->status)));
    return object;
}

static json_t *list_answer(const struct lk_device *device)
{
    json_t *answer = local_answer(LK_OK), *list = json_array();
    for (size_t i = 0; i < LK_DEVICE_NUM_SHARINGS; i++) {
        const struct lk_sharing *sharing = lk_device_sharing_at(device, i);
        if (sharing)
            json_array_append_new(list, sharing_object(sharing, i));
    }
    json_object_set_new(answer, "sharings", list);
    return answer;
}

/* What came out of a step: the sharing as it is now, and the message to bring, if there is one. */
static json_t *step_answer(const struct lk_device *device, enum lk_status status, size_t index,
                           const struct lk_share_out *out)
{
    char text[SHARE_TEXT_MAX];
    json_t *answer = local_answer(status);
    const struct lk_sharing *sharing = lk_device_sharing_at(device, index);
    if (sharing)
        json_object_set_new(answer, "sharing", sharing_object(sharing, index));
    if (out->len)
        json_object_set_new(answer, "message",
                            json_string(base64url_write(out->blob, out->len, text)));
    return answer;
}

static int text_date(json_t *question, const char *name, uint8_t out[LK_DATE_LEN])
{
    const char *text = json_string_value(json_object_get(question, name));
    if (!text || strlen(text) != LK_DATE_LEN)
        return 0;
    memcpy(out, text, LK_DATE_LEN);
    return 1;
}

static unsigned small(json_t *question, const char *name)
{
    return (unsigned)json_integer_value(json_object_get(question, name));
}

static int read_plan(json_t *question, struct lk_share_plan *out)
{
    *out = (struct lk_share_plan){
        .profile = (uint32_t)json_integer_value(json_object_get(question, "profile")),
        .limits = {(uint8_t)small(question, "speed"), (uint8_t)small(question, "power"),
                   (uint16_t)small(question, "starts"), (uint8_t)small(question, "days"),
                   (uint16_t)small(question, "from_min"), (uint16_t)small(question, "to_min")},
        .name = json_string_value(json_object_get(question, "name")),
        .activation = (uint8_t)small(question, "activation"),
        .password = json_string_value(json_object_get(question, "password")),
        .pin = json_string_value(json_object_get(question, "pin")),
    };
    return out->name && text_date(question, "from", out->not_before) &&
           text_date(question, "to", out->not_after) &&
           text_date(question, "redeem_by", out->redeem_by);
}

static json_t *invite(struct lk_device *device, json_t *question)
{
    struct lk_share_plan plan;
    struct lk_share_secret secret;
    struct lk_share_out out = {.len = 0};
    struct lk_date now;
    char link[SHARE_LINK_MAX];
    size_t index = LK_DEVICE_NUM_SHARINGS;
    size_t item = small(question, "item");
    enum lk_status status = read_plan(question, &plan) && item > 0 ? LK_OK : LK_CALLER_ARGUMENT;
    moment_now(&now);
    if (status == LK_OK && json_is_true(json_object_get(question, "yes")))
        status = lk_device_authenticate_user(device);
    if (status == LK_OK)
        status = lk_device_share(device, item - 1, &plan, &now, cli_now_ms(), &index, &secret,
                                 &out);
    json_t *answer = step_answer(device, status, index, &out);
    if (status == LK_OK)
        json_object_set_new(
            answer, "link",
            json_string(share_link_write(lk_device_sharing_at(device, index)->session, &secret,
                                         link)));
    lk_wipe(&secret, sizeof secret);
    lk_wipe(link, sizeof link);
    return answer;
}

/* "message" of a question as bytes; -1. */
static long message_of(json_t *question, uint8_t blob[LK_SHARE_BLOB_MAX])
{
    const char *text = json_string_value(json_object_get(question, "message"));
    return text ? base64url_read(text, strlen(text), blob, LK_SHARE_BLOB_MAX) : -1;
}

static json_t *take(struct lk_device *device, json_t *question)
{
    uint8_t blob[LK_SHARE_BLOB_MAX];
    struct lk_share_secret secret;
    struct lk_share_out out = {.len = 0};
    struct lk_date now;
    size_t index = LK_DEVICE_NUM_SHARINGS;
    const char *key = json_string_value(json_object_get(question, "secret"));
    long len = message_of(question, blob);
    enum lk_status status = LK_PEER_LENGTH; /* longer than any message is */
    moment_now(&now);
    if (len >= 0 && !key)
        status = lk_device_share_take(device, cli_bytes(blob, (size_t)len), &now, cli_now_ms(),
                                      &index, &out);
    else if (len >= 0 && cli_unhex(key, secret.key, sizeof secret.key))
        status = lk_device_share_accept(device, &secret, cli_bytes(blob, (size_t)len), &now,
                                        cli_now_ms(), &index, &out);
    lk_wipe(&secret, sizeof secret);
    return step_answer(device, status, index, &out);
}

json_t *share_answer(struct lk_device *device, const char *what, json_t *question)
{
    struct lk_share_out out = {.len = 0};
    size_t index = (size_t)small(question, "sharing") - 1;
    const char *pin = json_string_value(json_object_get(question, "pin"));
    enum lk_status status = LK_CALLER_NOT_FOUND;
    if (strcmp(what, "sharings") == 0)
        return list_answer(device);
    if (strcmp(what, "share") == 0)
        return invite(device, question);
    if (strcmp(what, "share-take") == 0)
        return take(device, question);
    int is_pin = strcmp(what, "share-pin") == 0;
    if (!is_pin && strcmp(what, "share-cancel") != 0)
        return NULL;
    if (index < LK_DEVICE_NUM_SHARINGS)
        status = is_pin ? lk_device_share_pin(device, index, pin ? pin : "", &out)
                        : lk_device_share_cancel(device, index, &out);
    return step_answer(device, status, index, &out);
}
