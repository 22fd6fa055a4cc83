/* ca.c: see ca.h. */
#include "support/ca.h"

#include <string.h>

#include "crypto/crypto.h"

static const uint8_t applet_version[6] = {0x04, 0x04, 0x00, 0x00, 0x01, 0x00}; /* D33 */

struct lk_bytes test_ca_bytes(const struct test_ca_cert *cert)
{
    return lk_bytes(cert->der, cert->len);
}

void test_ca_hex(const uint8_t id[8], char out[17])
{
    for (size_t i = 0; i < 8; i++) {
        out[2 * i] = "0123456789ABCDEF"[id[i] >> 4];
        out[2 * i + 1] = "0123456789ABCDEF"[id[i] & 15];
    }
    out[16] = 0;
}

enum lk_status test_ca_key_make(struct lk_crypto *crypto, struct test_ca_key *out)
{
    return lk_key_generate(crypto, &out->key, out->public_key);
}

static void path_length(enum lk_role role, struct lk_cert_plan *plan)
{
    if (role == LK_ROLE_EXTERNAL_CA || role == LK_ROLE_VEHICLE_OEM_CA_SEEN)
        plan->path_len = 1;
    plan->has_path_len = role == LK_ROLE_EXTERNAL_CA || role == LK_ROLE_VEHICLE_OEM_CA_SEEN ||
                         role == LK_ROLE_INTERMEDIATE || role == LK_ROLE_INSTANCE_CA;
}

enum lk_status test_ca_plan(struct lk_crypto *crypto, enum lk_role role, const char *name,
                            const struct test_ca_key *subject, const struct test_ca_cert *above,
                            const struct test_ca_key *above_key, struct lk_bytes role_value,
                            struct lk_cert *above_cert, struct lk_cert_plan *out)
{
    memset(out, 0, sizeof *out);
    out->role = role;
    out->subject_name = lk_bytes(name, strlen(name));
    out->subject_key = subject->public_key;
    out->signer = subject->key;
    if (above != NULL) {
        LK_TRY(lk_cert_parse(crypto, test_ca_bytes(above), above_cert));
        out->issuer = above_cert->subject;
        out->issuer_key = above_key->public_key;
        out->signer = above_key->key;
    }
    LK_TRY(lk_random(crypto, out->serial, sizeof out->serial));
    out->not_before = "20200101000000Z";
    out->not_after = role == LK_ROLE_ENDPOINT ? "99991231235959Z" : "20450101000000Z";
    out->role_value = role_value;
    if (role == LK_ROLE_INSTANCE_CA && role_value.len == 0)
        out->role_value = lk_bytes(applet_version, sizeof applet_version);
    path_length(role, out);
    return LK_OK;
}

enum lk_status test_ca_issue(struct lk_crypto *crypto, enum lk_role role, const char *name,
                             const struct test_ca_key *subject, const struct test_ca_cert *above,
                             const struct test_ca_key *above_key, struct lk_bytes role_value,
                             struct test_ca_cert *out)
{
    struct lk_cert above_cert;
    struct lk_cert_plan plan;

    LK_TRY(test_ca_plan(crypto, role, name, subject, above, above_key, role_value, &above_cert,
                        &plan));
    return lk_cert_issue(crypto, &plan, out->der, sizeof out->der, &out->len);
}

enum lk_status test_ca_issue_e(struct test_ca_world *world, struct lk_bytes n,
                               struct test_ca_cert *out_e)
{
    struct test_ca_key subject = {{0}, {0}};
    struct lk_cert cert;
    char name[65] = {0};

    LK_TRY(lk_cert_parse(world->crypto, n, &cert));
    LK_TRY(lk_verify(world->crypto, cert.public_key, &cert.tbs, 1, cert.signature));
    memcpy(subject.public_key, cert.public_key, LK_POINT_LEN);
    memcpy(name, cert.common_name.at, cert.common_name.len);
    return test_ca_issue(world->crypto, LK_ROLE_INSTANCE_CA, name, &subject, &world->f,
                         &world->device_maker, lk_bytes(NULL, 0), out_e);
}

enum lk_status test_ca_issue_h(struct test_ca_world *world, const struct lk_endpoint_facts *facts,
                               const struct test_ca_key *endpoint, struct test_ca_cert *out)
{
    uint8_t value[512];
    size_t len = 0;
    char name[17];

    test_ca_hex(facts->endpoint_id, name);
    LK_TRY(lk_endpoint_facts_write(facts, value, sizeof value, &len));
    return test_ca_issue(world->crypto, LK_ROLE_ENDPOINT, name, endpoint, &world->e,
                         &world->instance, lk_bytes(value, len), out);
}

static enum lk_status make_keys(struct test_ca_world *world)
{
    struct lk_crypto *crypto = world->crypto;

    LK_TRY(test_ca_key_make(crypto, &world->automaker));
    LK_TRY(test_ca_key_make(crypto, &world->intermediate));
    LK_TRY(test_ca_key_make(crypto, &world->vehicle));
    LK_TRY(test_ca_key_make(crypto, &world->device_maker));
    LK_TRY(test_ca_key_make(crypto, &world->instance));
    LK_TRY(test_ca_key_make(crypto, &world->endpoint));
    return test_ca_key_make(crypto, &world->server);
}

static enum lk_status make_automaker(struct test_ca_world *w)
{
    const struct lk_bytes none = {NULL, 0};
    char id[17];

    test_ca_hex(w->vehicle_id, id);
    LK_TRY(test_ca_issue(w->crypto, LK_ROLE_VEHICLE_OEM_CA, "Test Automaker Root", &w->automaker,
                         NULL, NULL, none, &w->j));
    LK_TRY(test_ca_issue(w->crypto, LK_ROLE_INTERMEDIATE, "Test Automaker Region 1",
                         &w->intermediate, &w->j, &w->automaker, none, &w->i));
    LK_TRY(test_ca_issue(w->crypto, LK_ROLE_VEHICLE, id, &w->vehicle, &w->j, &w->automaker, none,
                         &w->k));
    LK_TRY(test_ca_issue(w->crypto, LK_ROLE_VEHICLE, id, &w->vehicle, &w->i, &w->intermediate,
                         none, &w->ki));
    LK_TRY(test_ca_issue(w->crypto, LK_ROLE_VEHICLE_OEM_ENC, "Test Automaker Enc", &w->server,
                         &w->j, &w->automaker, none, &w->p));
    LK_TRY(test_ca_issue(w->crypto, LK_ROLE_VEHICLE_OEM_SIG, "Test Automaker Sig", &w->server,
                         &w->j, &w->automaker, none, &w->q));
    return test_ca_issue(w->crypto, LK_ROLE_RECEIPT, "Test Automaker Receipts", &w->server, &w->j,
                         &w->automaker, none, &w->r);
}

static enum lk_status make_device_maker(struct test_ca_world *w)
{
    return test_ca_issue(w->crypto, LK_ROLE_DEVICE_OEM_CA, "Test Device Maker", &w->device_maker,
                         NULL, NULL, lk_bytes(NULL, 0), &w->d);
}

/* The two makers sign each other's keys; a phone of the one. */
static enum lk_status make_pair(struct test_ca_world *w)
{
    const struct lk_bytes none = {NULL, 0};

    LK_TRY(test_ca_issue(w->crypto, LK_ROLE_EXTERNAL_CA, "Test Device Maker", &w->device_maker,
                         &w->j, &w->automaker, none, &w->f));
    LK_TRY(test_ca_issue(w->crypto, LK_ROLE_VEHICLE_OEM_CA_SEEN, "Test Automaker Root",
                         &w->automaker, &w->d, &w->device_maker, none, &w->m));
    LK_TRY(test_ca_issue(w->crypto, LK_ROLE_INSTANCE_SELF, "00112233445566AA", &w->instance, NULL,
                         NULL, none, &w->n));
    return test_ca_issue_e(w, test_ca_bytes(&w->n), &w->e);
}

static void make_facts(struct test_ca_world *w)
{
    memset(&w->facts, 0, sizeof w->facts);
    memcpy(w->facts.vehicle_id, w->vehicle_id, sizeof w->vehicle_id);
    memcpy(w->facts.endpoint_id, w->endpoint_id, sizeof w->endpoint_id);
    w->slot[0] = 0x00;
    w->slot[1] = 0x01;
    w->versions[0] = 0x01;
    w->versions[1] = 0x00;
    w->facts.slot = lk_bytes(w->slot, sizeof w->slot);
    w->facts.versions = lk_bytes(w->versions, sizeof w->versions);
    w->facts.option1 = 0x03;
    w->facts.confidential_size = 0x0120;
    w->facts.private_size = 0x0640;
    w->facts.vehicle_key = w->vehicle.public_key;
    w->facts.authorized_key = w->automaker.public_key;
}

enum lk_status test_ca_world_init(struct lk_crypto *crypto, const uint8_t vehicle_id[8],
                                  struct test_ca_world *out)
{
    memset(out, 0, sizeof *out);
    out->crypto = crypto;
    memcpy(out->vehicle_id, vehicle_id, sizeof out->vehicle_id);
    LK_TRY(lk_random(crypto, out->endpoint_id, sizeof out->endpoint_id));
    LK_TRY(make_keys(out));
    LK_TRY(make_automaker(out));
    LK_TRY(make_device_maker(out));
    LK_TRY(make_pair(out));
    make_facts(out);
    return test_ca_issue_h(out, &out->facts, &out->endpoint, &out->h);
}

enum lk_status test_ca_world_join(const struct test_ca_world *automaker,
                                  const struct test_ca_world *device_maker,
                                  struct test_ca_world *out)
{
    *out = *automaker;
    out->device_maker = device_maker->device_maker;
    out->d = device_maker->d;
    LK_TRY(lk_random(out->crypto, out->endpoint_id, sizeof out->endpoint_id));
    LK_TRY(test_ca_key_make(out->crypto, &out->instance));
    LK_TRY(test_ca_key_make(out->crypto, &out->endpoint));
    LK_TRY(make_pair(out));
    make_facts(out);
    return test_ca_issue_h(out, &out->facts, &out->endpoint, &out->h);
}

void test_ca_world_part(struct test_ca_world *world)
{
    lk_key_free(world->crypto, &world->instance.key);
    lk_key_free(world->crypto, &world->endpoint.key);
}

void test_ca_world_forget(struct test_ca_world *world)
{
    lk_key_free(world->crypto, &world->automaker.key);
    lk_key_free(world->crypto, &world->intermediate.key);
    lk_key_free(world->crypto, &world->vehicle.key);
    lk_key_free(world->crypto, &world->device_maker.key);
    lk_key_free(world->crypto, &world->instance.key);
    lk_key_free(world->crypto, &world->endpoint.key);
    lk_key_free(world->crypto, &world->server.key);
}

enum lk_status test_makers_init(struct lk_crypto *crypto, struct test_makers *out)
{
    static const uint8_t id[2][8] = {{0xa0, 1, 1}, {0xb0, 2, 2}};

    for (size_t i = 0; i < 2; i++)
        LK_TRY(test_ca_world_init(crypto, id[i], &out->worlds[i]));
    for (size_t i = 0; i < 4; i++)
        LK_TRY(test_ca_world_join(&out->worlds[i / 2], &out->worlds[i % 2],
                                  &out->pairs[i / 2][i % 2]));
    return LK_OK;
}

void test_makers_forget(struct test_makers *makers)
{
    for (size_t i = 0; i < 4; i++)
        test_ca_world_part(&makers->pairs[i / 2][i % 2]);
    for (size_t i = 0; i < 2; i++)
        test_ca_world_forget(&makers->worlds[i]);
}
