/* wallet.c: passes and automakers in the phone's journal. The element holds the keys and has the
 * last word on their state; the wallet only shows it (M3, D20, D23). Records: spec/framework.md,
 * section 7. */
#include "device/room.h"

#define RECORD_VERSION 1
#define PASS_RECORD 0x00010000u      /* + index */
#define AUTOMAKER_RECORD 0x00020000u /* root, names, F */
#define CA_RECORD 0x00030000u        /* E */
#define CAR_RECORD 0x00040000u       /* + CAR_PARTS * index: what the car wrote in pairing */
#define CAR_PARTS 3                  /* records, of CAR_PIECE bytes at most */
#define CAR_PIECE 1600

/* --- records --- */

static void write_pass(const struct lk_pass *pass, struct lk_wr *wr)
{
    lk_wr_u8(wr, RECORD_VERSION);
    lk_wr_u8(wr, pass->state);
    lk_wr_u8(wr, pass->role);
    lk_wr_u8(wr, pass->automaker);
    lk_wr_put(wr, pass->endpoint_id, sizeof pass->endpoint_id);
    lk_wr_put(wr, pass->vehicle_id, sizeof pass->vehicle_id);
    lk_wr_put(wr, pass->vehicle_key, sizeof pass->vehicle_key);
    lk_wr_put(wr, pass->public_key, sizeof pass->public_key);
    lk_wr_put(wr, pass->key_id, sizeof pass->key_id);
    lk_wr_put(wr, pass->name, sizeof pass->name);
    if (pass->role != LK_PASS_ROLE_FRIEND)
        return;
    lk_wr_u32(wr, pass->profile);
    lk_wr_put(wr, pass->not_before, sizeof pass->not_before);
    lk_wr_put(wr, pass->not_after, sizeof pass->not_after);
}

void lk_wallet_read_run(struct lk_rd *rd, void *out, size_t len)
{
    struct lk_bytes run = lk_rd_take(rd, len);

    if (run.len == len)
        memcpy(out, run.at, len);
}

static enum lk_status read_pass(struct lk_bytes record, struct lk_pass *out)
{
    enum lk_status fault = LK_INTERNAL;
    struct lk_pass pass;
    struct lk_rd rd;

    memset(&pass, 0, sizeof pass);
    lk_rd_init(&rd, record, &fault);
    if (lk_rd_u8(&rd) != RECORD_VERSION)
        return LK_STORE_CORRUPT;
    pass.state = lk_rd_u8(&rd);
    pass.role = lk_rd_u8(&rd);
    pass.automaker = lk_rd_u8(&rd);
    lk_wallet_read_run(&rd, pass.endpoint_id, sizeof pass.endpoint_id);
    lk_wallet_read_run(&rd, pass.vehicle_id, sizeof pass.vehicle_id);
    lk_wallet_read_run(&rd, pass.vehicle_key, sizeof pass.vehicle_key);
    lk_wallet_read_run(&rd, pass.public_key, sizeof pass.public_key);
    lk_wallet_read_run(&rd, pass.key_id, sizeof pass.key_id);
    lk_wallet_read_run(&rd, pass.name, sizeof pass.name);
    if (pass.role == LK_PASS_ROLE_FRIEND) {
        pass.profile = lk_rd_u32(&rd);
        lk_wallet_read_run(&rd, pass.not_before, sizeof pass.not_before);
        lk_wallet_read_run(&rd, pass.not_after, sizeof pass.not_after);
    }
    lk_rd_close(&rd);
    if (fault != LK_OK || pass.state == LK_PASS_FREE || pass.state > LK_PASS_INVITED ||
        pass.automaker >= LK_DEVICE_NUM_AUTOMAKERS || pass.name[sizeof pass.name - 1] != 0)
        return LK_STORE_CORRUPT;
    *out = pass;
    return LK_OK;
}

enum lk_status lk_wallet_put_pass(struct lk_device *device, size_t index,
                                  const struct lk_pass *pass)
{
    uint8_t record[256];
    struct lk_wr wr;

    lk_wr_init(&wr, record, sizeof record);
    write_pass(pass, &wr);
    LK_TRY(wr.fault);
    return lk_store_put(device->config->store, PASS_RECORD + (uint32_t)index, record, wr.len);
}

enum lk_status lk_wallet_end_change(struct lk_device *device, enum lk_status status)
{
    if (status == LK_OK)
        status = lk_store_commit(device->config->store);
    if (status != LK_OK)
        lk_store_cancel(device->config->store);
    return status;
}

enum lk_status lk_wallet_save_pass(struct lk_device *device, size_t index)
{
    LK_TRY(lk_store_begin(device->config->store));
    return lk_wallet_end_change(device,
                                lk_wallet_put_pass(device, index, &device->passes[index]));
}

static uint32_t car_record(size_t index, size_t part)
{
    return CAR_RECORD + (uint32_t)(CAR_PARTS * index + part);
}

static enum lk_status remove_pass(struct lk_store *store, size_t index)
{
    for (size_t part = 0; part < CAR_PARTS; part++)
        LK_TRY(lk_store_remove(store, car_record(index, part)));
    return lk_store_remove(store, PASS_RECORD + (uint32_t)index);
}

enum lk_status lk_wallet_drop_pass(struct lk_device *device, size_t index)
{
    LK_TRY(lk_store_begin(device->config->store));
    LK_TRY(lk_wallet_end_change(device, remove_pass(device->config->store, index)));
    memset(&device->passes[index], 0, sizeof device->passes[index]);
    return LK_OK;
}

/* --- what the car wrote in pairing: what a friend's phone will need --- */

/* 01, length of the version list, the list; then the data, in as many records as it takes. */
static enum lk_status put_car(struct lk_store *store, size_t index, struct lk_bytes versions,
                              struct lk_bytes data)
{
    uint8_t record[CAR_PIECE];
    size_t done = 0;

    for (size_t part = 0; part < CAR_PARTS && (part == 0 || done < data.len); part++) {
        struct lk_wr wr;

        lk_wr_init(&wr, record, sizeof record);
        lk_wr_u8(&wr, RECORD_VERSION);
        if (part == 0) {
            lk_wr_u8(&wr, (uint8_t)versions.len);
            lk_wr_bytes(&wr, versions);
        }
        size_t piece = data.len - done;
        if (piece > wr.cap - wr.len)
            piece = wr.cap - wr.len;
        lk_wr_put(&wr, data.at + done, piece);
        LK_TRY(wr.fault);
        LK_TRY(lk_store_put(store, car_record(index, part), record, wr.len));
        done += piece;
    }
    return done == data.len ? LK_OK : LK_CALLER_SPACE;
}

enum lk_status lk_wallet_save_car(struct lk_device *device, size_t index, struct lk_bytes versions,
                                  struct lk_bytes data)
{
    enum lk_status status = LK_INTERNAL;

    LK_TRY(lk_store_begin(device->config->store));
    status = lk_wallet_put_pass(device, index, &device->passes[index]);
    if (status == LK_OK)
        status = put_car(device->config->store, index, versions, data);
    return lk_wallet_end_change(device, status);
}

enum lk_status lk_wallet_load_car(struct lk_device *device, size_t index, struct lk_car_data *out,
                                  uint8_t data[LK_REASSEMBLY_MAX])
{
    uint8_t record[CAR_PIECE];
    enum lk_status fault = LK_INTERNAL;
    size_t done = 0, len = 0;

    for (size_t part = 0; part < CAR_PARTS; part++) {
        enum lk_status status = lk_store_read(device->config->store, car_record(index, part),
                                              record, sizeof record, &len);
        struct lk_rd rd;

        if (status == LK_CALLER_NOT_FOUND && part > 0)
            break;
        LK_TRY(status);
        lk_rd_init(&rd, lk_bytes(record, len), &fault);
        if (lk_rd_u8(&rd) != RECORD_VERSION)
            return LK_STORE_CORRUPT;
        if (part == 0) {
            out->versions_len = lk_rd_u8(&rd);
            if (out->versions_len > sizeof out->versions)
                return LK_STORE_CORRUPT;
            lk_wallet_read_run(&rd, out->versions, out->versions_len);
        }
        if (fault != LK_OK || rd.left > LK_REASSEMBLY_MAX - done)
            return LK_STORE_CORRUPT;
        len = rd.left;
        lk_wallet_read_run(&rd, data + done, len);
        done += len;
    }
    if (lk_pairing_data_parse(lk_bytes(data, done), &out->data) != LK_OK)
        return LK_STORE_CORRUPT;
    return LK_OK;
}

/* Removes every record that holds anything of automaker `index`, in the open change. */
static enum lk_status remove_automaker(struct lk_device *device, size_t index)
{
    struct lk_store *store = device->config->store;

    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++) {
        if (device->passes[i].state != LK_PASS_FREE && device->passes[i].automaker == index)
            LK_TRY(remove_pass(store, i));
    }
    LK_TRY(lk_sharings_remove(device, index));
    LK_TRY(lk_store_remove(store, CA_RECORD + (uint32_t)index));
    return lk_store_remove(store, AUTOMAKER_RECORD + (uint32_t)index);
}

enum lk_status lk_wallet_drop_automaker(struct lk_device *device, size_t index)
{
    LK_TRY(lk_store_begin(device->config->store));
    LK_TRY(lk_wallet_end_change(device, remove_automaker(device, index)));
    lk_sharings_forget(device, index);
    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++) {
        if (device->passes[i].automaker == index)
            memset(&device->passes[i], 0, sizeof device->passes[i]);
    }
    memset(&device->automakers[index], 0, sizeof device->automakers[index]);
    return LK_OK;
}

enum lk_status lk_wallet_save_automaker(struct lk_device *device, size_t index)
{
    const struct lk_automaker *automaker = &device->automakers[index];
    struct lk_store *store = device->config->store;
    uint8_t record[LK_CERT_MAX + 160];
    struct lk_wr wr;

    lk_wr_init(&wr, record, sizeof record);
    lk_wr_u8(&wr, RECORD_VERSION);
    lk_wr_put(&wr, automaker->root_key, sizeof automaker->root_key);
    lk_wr_put(&wr, automaker->ca_name, sizeof automaker->ca_name);
    lk_wr_put(&wr, automaker->ca_key, sizeof automaker->ca_key);
    lk_wr_put(&wr, automaker->f, automaker->f_len);
    LK_TRY(wr.fault);

    enum lk_status status = lk_store_begin(store);
    if (status == LK_OK)
        status = lk_store_put(store, AUTOMAKER_RECORD + (uint32_t)index, record, wr.len);
    if (status == LK_OK && automaker->e_len != 0)
        status = lk_store_put(store, CA_RECORD + (uint32_t)index, automaker->e, automaker->e_len);
    if (status == LK_OK)
        status = lk_store_commit(store);
    if (status != LK_OK)
        lk_store_cancel(store);
    return status;
}

enum lk_status lk_wallet_load_automaker(struct lk_device *device, size_t index)
{
    struct lk_automaker *automaker = &device->automakers[index];
    struct lk_store *store = device->config->store;
    uint8_t record[LK_CERT_MAX + 160];
    enum lk_status fault = LK_INTERNAL, status;
    size_t len = 0, e_len = 0;
    struct lk_rd rd;

    memset(automaker, 0, sizeof *automaker);
    status = lk_store_read(store, AUTOMAKER_RECORD + (uint32_t)index, record, sizeof record, &len);
    if (status != LK_OK)
        return status == LK_CALLER_NOT_FOUND ? LK_OK : status;
    lk_rd_init(&rd, lk_bytes(record, len), &fault);
    if (lk_rd_u8(&rd) != RECORD_VERSION)
        return LK_STORE_CORRUPT;
    lk_wallet_read_run(&rd, automaker->root_key, sizeof automaker->root_key);
    lk_wallet_read_run(&rd, automaker->ca_name, sizeof automaker->ca_name);
    lk_wallet_read_run(&rd, automaker->ca_key, sizeof automaker->ca_key);
    if (fault != LK_OK || rd.left > sizeof automaker->f)
        return LK_STORE_CORRUPT;
    automaker->f_len = (uint16_t)rd.left;
    lk_wallet_read_run(&rd, automaker->f, automaker->f_len);
    automaker->is_used = 1;

    status = lk_store_read(store, CA_RECORD + (uint32_t)index, automaker->e, sizeof automaker->e,
                           &e_len);
    if (status != LK_OK)
        return status == LK_CALLER_NOT_FOUND ? LK_OK : status;
    automaker->e_len = (uint16_t)e_len;
    return LK_OK;
}

enum lk_status lk_wallet_load(struct lk_device *device)
{
    struct lk_store *store = device->config->store;
    uint8_t record[256];
    size_t len = 0;

    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++) {
        enum lk_status status =
            lk_store_read(store, PASS_RECORD + (uint32_t)i, record, sizeof record, &len);

        if (status == LK_CALLER_NOT_FOUND)
            continue;
        LK_TRY(status);
        LK_TRY(read_pass(lk_bytes(record, len), &device->passes[i]));
    }
    for (size_t i = 0; i < LK_DEVICE_NUM_AUTOMAKERS; i++)
        LK_TRY(lk_wallet_load_automaker(device, i));
    return lk_sharings_load(device);
}

/* --- passes and the element --- */

enum lk_status lk_wallet_free_pass(struct lk_device *device, size_t *out_index)
{
    size_t removed = LK_DEVICE_NUM_PASSES;

    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++) {
        if (device->passes[i].state == LK_PASS_FREE) {
            *out_index = i;
            return LK_OK;
        }
        if (device->passes[i].state == LK_PASS_REMOVED && removed == LK_DEVICE_NUM_PASSES)
            removed = i;
    }
    if (removed == LK_DEVICE_NUM_PASSES)
        return LK_CALLER_FULL;
    *out_index = removed;
    return LK_OK;
}

/* Writes a new state; the struct keeps the old one if the journal refuses. */
static enum lk_status set_state(struct lk_device *device, size_t index, uint8_t state)
{
    struct lk_pass *pass = &device->passes[index];
    uint8_t before = pass->state;

    if (before == state)
        return LK_OK;
    pass->state = state;
    enum lk_status status = lk_wallet_save_pass(device, index);
    if (status != LK_OK)
        pass->state = before;
    if (pass->state != LK_PASS_ACTIVE)
        pass->is_ready = 0;
    return status;
}

/* The element ends the key first: from there on no tap succeeds, whatever the journal does (M42).
 */
static enum lk_status end_pass(struct lk_device *device, size_t index)
{
    enum lk_status status = lk_element_terminate(device, device->passes[index].endpoint_id);

    if (status != LK_OK && status != LK_PEER_NOT_FOUND)
        return status;
    return set_state(device, index, LK_PASS_REMOVED);
}

/* The car has signed for this key, so the run is over. An older key of the same car stays: only the
 * car's signed word or the user ends one (S1), and until its commit the car still knows the old. */
static enum lk_status activate(struct lk_device *device, size_t index, uint8_t state)
{
    LK_TRY(set_state(device, index, state));
    device->pairing_status = LK_OK;
    if (device->pass == index) {
        lk_device_end_run(device, LK_OK);
        lk_device_drop_password(device);
        device->pairing_status = LK_OK;
    }
    return LK_OK;
}

/* What the element's state of a key makes of its pass. A friend's key is ACTIVE in the element
 * before any car has met it: `is_met` says that one has. */
static enum lk_status follow(struct lk_device *device, size_t index, uint8_t endpoint_state,
                             int is_met)
{
    uint8_t before = device->passes[index].state;

    switch (endpoint_state) {
    case LK_ELEMENT_ACTIVE:
        if (before == LK_PASS_SHARED && !is_met)
            return LK_OK;
        return before == LK_PASS_PENDING ? activate(device, index, LK_PASS_ACTIVE)
                                         : set_state(device, index, LK_PASS_ACTIVE);
    case LK_ELEMENT_LOCKED:
        return before == LK_PASS_PENDING ? activate(device, index, LK_PASS_LOCKED)
                                         : set_state(device, index, LK_PASS_LOCKED);
    case LK_ELEMENT_TERMINATED:
        return set_state(device, index, LK_PASS_REMOVED);
    default:
        return LK_OK;
    }
}

/* A pending pass that no run is making: the car took its key, or the key goes (PA11, D20). So does
 * one that is left of a sharing. */
static enum lk_status settle(struct lk_device *device, size_t index)
{
    const struct lk_pass *pass = &device->passes[index];
    uint8_t state = LK_ELEMENT_NONE, is_first = 0;
    enum lk_status status = lk_element_state(device, pass->endpoint_id, &state, &is_first);

    if (status != LK_OK && status != LK_CALLER_NOT_FOUND)
        return status;
    if (status == LK_OK && pass->state == LK_PASS_PENDING &&
        !lk_is_zero(pass->public_key, sizeof pass->public_key) &&
        (state == LK_ELEMENT_ACTIVE || state == LK_ELEMENT_LOCKED))
        return follow(device, index, state, 1);
    /* A commit that failed at its last step may stand at the next start: as long as the journal
     * takes nothing, nobody knows whether a sharing holds this pass. */
    if (pass->state == LK_PASS_INVITED)
        LK_TRY(lk_wallet_save_pass(device, index));
    if (status == LK_OK)
        LK_TRY(lk_element_delete(device, pass->endpoint_id));
    return lk_wallet_drop_pass(device, index);
}

enum lk_status lk_wallet_settle(struct lk_device *device)
{
    LK_TRY(lk_friend_sweep(device));
    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++) {
        if ((device->passes[i].state == LK_PASS_PENDING && device->pass != i) ||
            (device->passes[i].state == LK_PASS_INVITED && !lk_sharing_holds(device, i)))
            LK_TRY(settle(device, i));
    }
    return LK_OK;
}

/* What the car said last of this key. Nothing but the screen hears it (S1). */
static void listen(struct lk_pass *pass, const struct lk_element_notice *notice)
{
    if (memcmp(pass->endpoint_id, notice->endpoint_id, sizeof pass->endpoint_id) != 0 ||
        notice->control_p1 == 0xff)
        return;
    pass->check_with_car = notice->control_p1 == LK_CONTROL_FAILED &&
                           notice->control_p2 == LK_CONTROL_KEY_ENDED;
}

/* The last transaction was with this key, and both ends call it good. */
static int has_met(const struct lk_pass *pass, const struct lk_element_notice *notice)
{
    return notice->status == LK_OK && notice->control_p1 == LK_CONTROL_DONE &&
           memcmp(pass->endpoint_id, notice->endpoint_id, sizeof pass->endpoint_id) == 0;
}

enum lk_status lk_device_refresh(struct lk_device *device, enum lk_status *out_last_tap)
{
    struct lk_element_notice last;

    LK_TRY(lk_element_notice(device, &last));
    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++) {
        struct lk_pass *pass = &device->passes[i];
        uint8_t state = LK_ELEMENT_NONE, is_first = 0;

        if (pass->state == LK_PASS_FREE || pass->state == LK_PASS_REMOVED ||
            pass->state == LK_PASS_INVITED)
            continue;
        enum lk_status status =
            lk_element_state(device, pass->endpoint_id, &state, &is_first);
        if (status == LK_CALLER_NOT_FOUND && pass->state != LK_PASS_PENDING)
            status = set_state(device, i, LK_PASS_REMOVED);
        else if (status == LK_CALLER_NOT_FOUND)
            status = LK_OK;
        else if (status == LK_OK)
            status = follow(device, i, state, has_met(pass, &last));
        LK_TRY(status);
        listen(pass, &last);
        pass->is_ready = is_first & !pass->check_with_car & (pass->state == LK_PASS_ACTIVE);
    }
    *out_last_tap = last.status;
    return LK_OK;
}

/* --- what the user does --- */

const struct lk_pass *lk_device_pass_at(const struct lk_device *device, size_t index)
{
    if (index >= LK_DEVICE_NUM_PASSES || device->passes[index].state == LK_PASS_FREE)
        return NULL;
    return &device->passes[index];
}

static enum lk_status find(const struct lk_device *device, size_t index)
{
    return lk_device_pass_at(device, index) != NULL ? LK_OK : LK_CALLER_NOT_FOUND;
}

int lk_wallet_is_name(struct lk_bytes name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] < 0x20 || name.at[i] == 0x7f)
            return 0;
    }
    return name.len != 0;
}

enum lk_status lk_device_rename(struct lk_device *device, size_t index, const char *name)
{
    LK_TRY(find(device, index));
    struct lk_pass *pass = &device->passes[index];
    char before[sizeof pass->name];
    size_t len = 0;

    while (len < sizeof pass->name && name[len] != 0)
        len++;
    if (len == sizeof pass->name || !lk_wallet_is_name(lk_bytes(name, len)))
        return LK_CALLER_ARGUMENT;
    memcpy(before, pass->name, sizeof before);
    memset(pass->name, 0, sizeof pass->name);
    memcpy(pass->name, name, len);
    enum lk_status status = lk_wallet_save_pass(device, index);
    if (status != LK_OK)
        memcpy(pass->name, before, sizeof before);
    return status;
}

enum lk_status lk_device_remove(struct lk_device *device, size_t index)
{
    LK_TRY(find(device, index));
    if (device->passes[index].state == LK_PASS_REMOVED)
        return LK_OK;
    if (device->passes[index].state == LK_PASS_PENDING) {
        if (device->pass == index)
            lk_device_end_run(device, LK_PEER_ABORTED);
        return lk_wallet_settle(device);
    }
    if (device->passes[index].state == LK_PASS_INVITED)
        return lk_sharing_abandon(device, index);
    return end_pass(device, index);
}

enum lk_status lk_device_lock(struct lk_device *device, size_t index, int locked)
{
    LK_TRY(find(device, index));
    const struct lk_pass *pass = &device->passes[index];
    uint8_t state = locked ? LK_ELEMENT_LOCKED : LK_ELEMENT_ACTIVE;
    struct lk_wired_setup_endpoint body = {
        .endpoint_id = {pass->endpoint_id, sizeof pass->endpoint_id},
        .state = {&state, 1},
    };

    if (pass->state != LK_PASS_ACTIVE && pass->state != LK_PASS_LOCKED)
        return LK_CALLER_STATE;
    LK_TRY(lk_element_setup(device, &body));
    return set_state(device, index, locked ? LK_PASS_LOCKED : LK_PASS_ACTIVE);
}

enum lk_status lk_device_set_express(struct lk_device *device, int on)
{
    return lk_element_set_express(device, on);
}

enum lk_status lk_device_authenticate_user(struct lk_device *device)
{
    return lk_element_user_authenticated(device);
}
