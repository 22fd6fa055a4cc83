/* sign_out.c: the end of one automaker on this phone, and what that automaker's own app may see.
 * With its Instance CA goes every name by which the automaker could know the device again (M97);
 * another automaker never saw it (M95). pki 2.1, L2, L3; spec/framework.md, section 6. */
#include "device/room.h"

static size_t find(const struct lk_device *device, const uint8_t root_key[LK_POINT_LEN])
{
    for (size_t i = 0; i < LK_DEVICE_NUM_AUTOMAKERS; i++) {
        if (device->automakers[i].is_used &&
            memcmp(device->automakers[i].root_key, root_key, LK_POINT_LEN) == 0)
            return i;
    }
    return LK_DEVICE_NUM_AUTOMAKERS;
}

/* The element first: from there on no key of this automaker answers, whatever the journal does. */
static enum lk_status leave(struct lk_device *device, size_t index)
{
    const struct lk_automaker *automaker = &device->automakers[index];
    struct lk_bytes name = {automaker->ca_name, sizeof automaker->ca_name};

    if (device->pass != LK_PASS_NONE && device->passes[device->pass].automaker == index)
        lk_device_end_run(device, LK_PEER_ABORTED);
    LK_TRY(lk_element_delete_ca(device, name));
    return lk_wallet_drop_automaker(device, index);
}

enum lk_status lk_device_sign_out(struct lk_device *device, const uint8_t root_key[LK_POINT_LEN])
{
    size_t index = find(device, root_key);

    if (index == LK_DEVICE_NUM_AUTOMAKERS)
        return LK_CALLER_NOT_FOUND;
    LK_TRY(leave(device, index));
    return lk_store_compact(device->config->store); /* no old byte stays (LI6) */
}

enum lk_status lk_device_erase(struct lk_device *device)
{
    for (size_t i = 0; i < LK_DEVICE_NUM_AUTOMAKERS; i++) {
        if (device->automakers[i].is_used)
            LK_TRY(leave(device, i));
    }
    return lk_store_compact(device->config->store);
}

const struct lk_pass *lk_device_app_pass_at(const struct lk_device *device,
                                            const uint8_t root_key[LK_POINT_LEN], size_t index)
{
    const struct lk_pass *pass = lk_device_pass_at(device, index);
    size_t automaker = find(device, root_key);

    return pass != NULL && pass->automaker == automaker ? pass : NULL;
}
