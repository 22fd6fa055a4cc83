/* mailbox_map.c: 7F4D. */
#include "msg/mailbox_map.h"

#include "msg/field.h"

#define NUM_SLOTS 8
#define V3_MAX 255

/* Optional numbers: absent ones keep what is in *out. Returns `flag` if there was one. */
static uint8_t maybe_u16(struct lk_rd *rd, uint16_t tag, uint8_t flag, uint16_t *out)
{
    if (lk_tlv_peek(rd) != tag)
        return 0;
    *out = lk_field_u16(rd, tag);
    return flag;
}

static uint8_t maybe_u8(struct lk_rd *rd, uint16_t tag, uint8_t flag, uint8_t *out)
{
    if (lk_tlv_peek(rd) != tag)
        return 0;
    *out = lk_field_u8(rd, tag);
    return flag;
}

/* The defaults of protocol 10.3, for what was absent. A map whose regions run backwards gets 0s:
 * lk_mailbox_map_check refuses it. */
static void fill_defaults(struct lk_mailbox_map *map)
{
    if (!(map->has & LK_MAP_HAS_ATTESTATIONS))
        map->attestations = map->end;
    if (!(map->has & LK_MAP_HAS_VEHICLE_DATA))
        map->vehicle_data = map->attestations;
    if (!(map->has & LK_MAP_HAS_SLOT_LEN)) {
        unsigned len = 0;
        if (map->vehicle_data > map->slot_list)
            len = (unsigned)(map->vehicle_data - map->slot_list) / NUM_SLOTS;
        map->slot_len = (uint8_t)(len < 2 ? 2 : len > 255 ? 255 : len);
    }
    if (!(map->has & LK_MAP_HAS_ATTESTATION_LEN)) {
        map->attestation_len = 0;
        if (map->end > map->attestations)
            map->attestation_len = (uint16_t)(map->end - map->attestations);
    }
}

enum lk_status lk_mailbox_map_parse(struct lk_bytes in, struct lk_mailbox_map *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_mailbox_map map;
    struct lk_rd rd;
    struct lk_rd inner;
    unsigned has = 0;

    memset(&map, 0, sizeof map);
    lk_rd_init(&rd, in, &fault);
    inner = lk_tlv_enter(&rd, LK_TAG_MAILBOX_MAP);
    map.slot_bitmap = lk_field_u16(&inner, LK_TAG_MAP_SLOT_BITMAP);
    map.slot_list = lk_field_u16(&inner, LK_TAG_MAP_SLOT_LIST);
    has |= maybe_u16(&inner, LK_TAG_MAP_VEHICLE_DATA, LK_MAP_HAS_VEHICLE_DATA, &map.vehicle_data);
    has |= maybe_u16(&inner, LK_TAG_MAP_ATTESTATIONS, LK_MAP_HAS_ATTESTATIONS, &map.attestations);
    map.signaling = lk_field_u16(&inner, LK_TAG_MAP_SIGNALING);
    map.end = lk_field_u16(&inner, LK_TAG_MAP_END);
    map.token_len = lk_field_u8(&inner, LK_TAG_MAP_TOKEN_LEN);
    has |= maybe_u8(&inner, LK_TAG_MAP_SLOT_LEN, LK_MAP_HAS_SLOT_LEN, &map.slot_len);
    has |= maybe_u16(&inner, LK_TAG_MAP_ATTESTATION_LEN, LK_MAP_HAS_ATTESTATION_LEN,
                     &map.attestation_len);
    map.version = lk_field_u8(&inner, LK_TAG_MAP_VERSION);
    map.v3 = lk_tlv_maybe(&inner, LK_TAG_MAP_V3, 0, V3_MAX);
    (void)lk_field_close(&inner);
    LK_TRY(lk_field_close(&rd));
    map.has = (uint8_t)has;
    fill_defaults(&map);
    *out = map;
    return LK_OK;
}

void lk_mailbox_map_write(const struct lk_mailbox_map *msg, struct lk_wr *wr)
{
    size_t value = lk_tlv_begin(wr, LK_TAG_MAILBOX_MAP);

    lk_tlv_put_u16(wr, LK_TAG_MAP_SLOT_BITMAP, msg->slot_bitmap);
    lk_tlv_put_u16(wr, LK_TAG_MAP_SLOT_LIST, msg->slot_list);
    if (msg->has & LK_MAP_HAS_VEHICLE_DATA)
        lk_tlv_put_u16(wr, LK_TAG_MAP_VEHICLE_DATA, msg->vehicle_data);
    if (msg->has & LK_MAP_HAS_ATTESTATIONS)
        lk_tlv_put_u16(wr, LK_TAG_MAP_ATTESTATIONS, msg->attestations);
    lk_tlv_put_u16(wr, LK_TAG_MAP_SIGNALING, msg->signaling);
    lk_tlv_put_u16(wr, LK_TAG_MAP_END, msg->end);
    lk_tlv_put_u8(wr, LK_TAG_MAP_TOKEN_LEN, msg->token_len);
    if (msg->has & LK_MAP_HAS_SLOT_LEN)
        lk_tlv_put_u8(wr, LK_TAG_MAP_SLOT_LEN, msg->slot_len);
    if (msg->has & LK_MAP_HAS_ATTESTATION_LEN)
        lk_tlv_put_u16(wr, LK_TAG_MAP_ATTESTATION_LEN, msg->attestation_len);
    lk_tlv_put_u8(wr, LK_TAG_MAP_VERSION, msg->version);
    lk_field_put_maybe(wr, LK_TAG_MAP_V3, msg->v3, 0, V3_MAX);
    lk_tlv_end(wr, value);
}

enum lk_status lk_mailbox_map_check(const struct lk_mailbox_map *map, uint16_t private_size)
{
    uint32_t slots_end = (uint32_t)map->slot_list + (uint32_t)NUM_SLOTS * map->slot_len;
    uint32_t room;

    if (map->end > private_size || map->signaling >= map->end)
        return LK_PEER_RANGE;
    if (map->slot_bitmap >= map->slot_list || map->slot_bitmap == map->signaling)
        return LK_PEER_RANGE;
    if (map->signaling >= map->slot_list) /* it would lie inside another region */
        return LK_PEER_RANGE;
    if (map->slot_len == 0 || map->slot_len > LK_SLOT_ID_MAX || slots_end > map->vehicle_data)
        return LK_PEER_RANGE;
    if (map->vehicle_data > map->attestations || map->attestations > map->end)
        return LK_PEER_RANGE;
    room = (uint32_t)map->end - map->attestations;
    if (room > 0 && (map->attestation_len == 0 || map->attestation_len > room))
        return LK_PEER_RANGE;
    return LK_OK;
}
