/* wallet.c: passes and automakers in the phone's journal. The element holds the keys and has the
 * last word on their state; the wallet only shows it (M3, D20, D23). Records: spec/framework.md,
 * section 7. */
#include "device/room.h"

#define RECORD_VERSION 1
#define PASS_RECORD 0x00010000u      /* + index */
#define AUTOMAKER_RECORD 0x00020000u /* root, names, F */
#define CA_RECORD 0x00030000u        /* E */

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
}

static void read_run(struct lk_rd *rd, void *out, size_t len)
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
    read_run(&rd, pass.endpoint_id, sizeof pass.endpoint_id);
    read_run(&rd, pass.vehicle_id, sizeof pass.vehicle_id);
    read_run(&rd, pass.vehicle_key, sizeof pass.vehicle_key);
    read_run(&rd, pass.public_key, sizeof pass.public_key);
    read_run(&rd, pass.key_id, sizeof pass.key_id);
    read_run(&rd, pass.name, sizeof pass.name);
    lk_rd_close(&rd);
    if (fault != LK_OK || pass.state == LK_PASS_FREE || pass.state > LK_PASS_REMOVED ||
        pass.automaker >= LK_DEVICE_NUM_AUTOMAKERS || pass.name[sizeof pass.name - 1] != 0)
        return LK_STORE_CORRUPT;
    *out = pass;
    return LK_OK;
}

enum lk_status lk_wallet_save_pass(struct lk_device *device, size_t index)
{
    uint8_t record[256];
    struct lk_wr wr;

    lk_wr_init(&wr, record, sizeof record);
    write_pass(&device->passes[index], &wr);
    LK_TRY(wr.fault);
    return lk_store_write(device->config->store, PASS_RECORD + (uint32_t)index, record, wr.len);
}

enum lk_status lk_wallet_drop_pass(struct lk_device *device, size_t index)
{
    struct lk_store *store = device->config->store;
    enum lk_status status = lk_store_begin(store);

    if (status == LK_OK)
        status = lk_store_remove(store, PASS_RECORD + (uint32_t)index);
    if (status == LK_OK)
        status = lk_store_commit(store);
    if (status != LK_OK) {
        lk_store_cancel(store);
        return status;
    }
    memset(&device->passes[index], 0, sizeof device->passes[index]);
    return LK_OK;
}

/* Removes every record that holds anything of automaker `index`, in the open change. */
static enum lk_status remove_automaker(struct lk_device *device, size_t index)
{
    struct lk_store *store = device->config->store;

    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++) {
        if (device->passes[i].state != LK_PASS_FREE && device->passes[i].automaker == index)
            LK_TRY(lk_store_remove(store, PASS_RECORD + (uint32_t)i));
    }
    LK_TRY(lk_store_remove(store, CA_RECORD + (uint32_t)index));
    return lk_store_remove(store, AUTOMAKER_RECORD + (uint32_t)index);
}

enum lk_status lk_wallet_drop_automaker(struct lk_device *device, size_t index)
{
    struct lk_store *store = device->config->store;
    enum lk_status status = lk_store_begin(store);

    if (status == LK_OK)
        status = remove_automaker(device, index);
    if (status == LK_OK)
        status = lk_store_commit(store);
    if (status != LK_OK) {
        lk_store_cancel(store);
        return status;
    }
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
    read_run(&rd, automaker->root_key, sizeof automaker->root_key);
    read_run(&rd, automaker->ca_name, sizeof automaker->ca_name);
    read_run(&rd, automaker->ca_key, sizeof automaker->ca_key);
    if (fault != LK_OK || rd.left > sizeof automaker->f)
        return LK_STORE_CORRUPT;
    automaker->f_len = (uint16_t)rd.left;
    read_run(&rd, automaker->f, automaker->f_len);
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
    return LK_OK;
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

/* What the element's state of a key makes of its pass. */
static enum lk_status follow(struct lk_device *device, size_t index, uint8_t endpoint_state)
{
    uint8_t before = device->passes[index].state;

    switch (endpoint_state) {
    case LK_ELEMENT_ACTIVE:
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

/* A pending pass that no run is making: the car took its key, or the key goes (PA11, D20). */
static enum lk_status settle(struct lk_device *device, size_t index)
{
    const struct lk_pass *pass = &device->passes[index];
    uint8_t state = LK_ELEMENT_NONE, is_first = 0;
    enum lk_status status = lk_element_state(device, pass->endpoint_id, &state, &is_first);

    if (status != LK_OK && status != LK_CALLER_NOT_FOUND)
        return status;
    if (status == LK_OK && !lk_is_zero(pass->public_key, sizeof pass->public_key) &&
        (state == LK_ELEMENT_ACTIVE || state == LK_ELEMENT_LOCKED))
        return follow(device, index, state);
    if (status == LK_OK)
        LK_TRY(lk_element_delete(device, pass->endpoint_id));
    return lk_wallet_drop_pass(device, index);
}

enum lk_status lk_wallet_settle(struct lk_device *device)
{
    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++) {
        if (device->passes[i].state == LK_PASS_PENDING && device->pass != i)
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

enum lk_status lk_device_refresh(struct lk_device *device, enum lk_status *out_last_tap)
{
    struct lk_element_notice last;

    LK_TRY(lk_element_notice(device, &last));
    for (size_t i = 0; i < LK_DEVICE_NUM_PASSES; i++) {
        struct lk_pass *pass = &device->passes[i];
        uint8_t state = LK_ELEMENT_NONE, is_first = 0;

        if (pass->state == LK_PASS_FREE || pass->state == LK_PASS_REMOVED)
            continue;
        enum lk_status status =
            lk_element_state(device, pass->endpoint_id, &state, &is_first);
        if (status == LK_CALLER_NOT_FOUND && pass->state != LK_PASS_PENDING)
            status = set_state(device, i, LK_PASS_REMOVED);
        else if (status == LK_CALLER_NOT_FOUND)
            status = LK_OK;
        else if (status == LK_OK)
            status = follow(device, i, state);
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

enum lk_status lk_device_rename(struct lk_device *device, size_t index, const char *name)
{
    LK_TRY(find(device, index));
    struct lk_pass *pass = &device->passes[index];
    char before[sizeof pass->name];
    size_t len = 0;

    while (len < sizeof pass->name && name[len] != 0) {
        if ((uint8_t)name[len] < 0x20 || name[len] == 0x7f)
            return LK_CALLER_ARGUMENT;
        len++;
    }
    if (len == 0 || len == sizeof pass->name)
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
