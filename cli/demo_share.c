/* demo_share.c: the story of sharing. Alice owns a roadster (aurora) and a wagon (borealis), her
 * phone and watch are of pomelo, Bob's phone is of quince. The cars never have a network. */
#include <string.h>

#include "base64url.h"
#include "demo.h"
#include "share.h"

#define STEPS(list) list, sizeof(list) / sizeof((list)[0])
#define TAP(who, which, at, what)                                                                  \
    {"tap", "--phone", who, "--car", which, "--reader", at, "--action", what}

/* The friend's key, the owner's signature, and the package, of sharing number `n`. */
#define THREE_MESSAGES(suffix, who, n, key_story, sign_story, store_story)                         \
    {"friend_key" suffix, key_story,                                                               \
     {"phone", "accept", who, "--link", "@link", "--in", "@/invitation" n, "--out", "@/chain" n},  \
     LK_OK, -1, NULL, 0},                                                                          \
    {"owner_signs" suffix, sign_story,                                                             \
     {"phone", "take", "alice", "--in", "@/chain" n, "--out", "@/signed" n}, LK_OK, -1, NULL, 0},  \
    {"package_stored" suffix, store_story,                                                         \
     {"phone", "take", who, "--in", "@/signed" n, "--out", "@/nothing" n}, LK_OK, -1, NULL, 0}

static const struct demo_step world[] = {
    {"world",
     "A world: automakers aurora and borealis, device makers pomelo and quince. Every automaker "
     "has "
     "signed the key of every device maker; that is all they ever exchanged.",
     {"world", "new"},
     LK_OK,
     -1,
     NULL,
     0},
};

static const struct demo_step pair_roadster[] = {
    {"open_roadster", NULL, {"car", "menu", "roadster", "open-pairing"}, LK_OK, -1, NULL, 0},
    {"pair_roadster",
     "Alice pairs her phone with the roadster.",
     {"phone", "pair", "alice", "--car", "roadster", "--password", "@"}, LK_OK, -1, NULL, 0},
};
static const struct demo_step pair_wagon[] = {
    {"open_wagon", NULL, {"car", "menu", "wagon", "open-pairing"}, LK_OK, -1, NULL, 0},
    {"pair_wagon",
     "And with the wagon, of another automaker. Her element has an identity of its own for each.",
     {"phone", "pair", "alice", "--car", "wagon", "--password", "@"}, LK_OK, -1, NULL, 0},
};

static const struct demo_step share_roadster[] = {
    {"invite",
     "Alice invites Bob: a guest's key for ten days, and never faster than 105 km/h. The link "
     "holds a secret, the message is sealed under it. She authenticates: her element remembers "
     "exactly these rights, and will sign nothing else.",
     {"phone", "share", "alice", "1", "--profile", "guest", "--speed", "105", "--to", "+10d",
      "--name", "Alice's roadster", "--yes", "--out", "@/invitation"},
     LK_OK,
     -1,
     NULL,
     0},
    {"invitation_explained",
     "Who has the link and the message can read what is offered (latchkey trace message).",
     {"trace", "message", "@/invitation", "--link", "@link"},
     LK_OK,
     -1,
     NULL,
     0},
    THREE_MESSAGES(
        "", "bob", "",
        "Bob's phone, of another maker, checks the car's certificates under the root it knows, "
        "makes "
        "a key in its own element, and answers with certificates. No private key ever moves.",
        "Alice's element follows the chain up to aurora's root, compares the rights with what she "
        "agreed to, signs, and hands one of her spare tokens over.",
        "Bob's phone keeps the signed package in the mailbox of his key. It waits for its first "
        "tap."),
};

static const struct demo_step at_roadster[] = {
    {"first_tap",
     "The roadster wakes up. It has never heard of Bob. His first tap is a standard transaction: "
     "the car finds the package in the mailbox, checks every field, keeps his key, and opens.",
     TAP("bob", "roadster", "door", "unlock"), LK_OK, 0, "unlocked", 0},
    {"second_tap_fast",
     "The second tap is fast, as any owner's.",
     TAP("bob", "roadster", "door", "lock"), LK_OK, 1, "locked", 0},
    {"restricted_speed",
     "On the dashboard: Bob's key starts the engine, and the car holds itself to 105 km/h.",
     TAP("bob", "roadster", "dashboard", "start"), LK_OK, 0, "ready to drive", 105},
    {"park", NULL, {"car", "menu", "roadster", "park"}, LK_OK, -1, NULL, 0},
};

static const struct demo_step share_wagon[] = {
    {"invite_wagon",
     "The wagon is borealis's, with access profiles of its own. The same two phones, another root.",
     {"phone", "share", "alice", "2", "--profile", "family", "--to", "+10d", "--yes", "--out",
      "@/invitation2"},
     LK_OK, -1, NULL, 0},
    THREE_MESSAGES("_wagon", "bob", "2", NULL, NULL, NULL),
    {"package_copied",
     "Somebody keeps a copy of the wagon's package; we shall need it.",
     {"trace", "package", "@/invitation2", "@/signed2", "--link", "@link", "--out", "@/package2"},
     LK_OK, -1, NULL, 0},
};
static const struct demo_step at_wagon[] = {
    {"cross_maker",
     "A borealis car, a quince phone: neither company ever spoke with the other about these two.",
     TAP("bob", "wagon", "door", "unlock"), LK_OK, 0, "unlocked", 0},
    {"cross_maker_fast", NULL, TAP("bob", "wagon", "door", "lock"), LK_OK, 1, "locked", 0},
};

static const struct demo_step share_watch[] = {
    {"invite_watch",
     "Alice's watch is a device of its own: it gets a key of its own for the roadster.",
     {"phone", "share", "alice", "1", "--profile", "drive", "--to", "+300d", "--name", "my watch",
      "--yes", "--out", "@/invitation3"},
     LK_OK, -1, NULL, 0},
    THREE_MESSAGES("_watch", "watch", "3", NULL, NULL, NULL),
};
static const struct demo_step watch_alone[] = {
    {"watch_alone",
     "Alice's phone is switched off. The watch opens the roadster.",
     TAP("watch", "roadster", "door", "unlock"), LK_OK, 0, "unlocked", 0},
    {"watch_alone_fast", NULL, TAP("watch", "roadster", "door", "lock"), LK_OK, 1, "locked", 0},
};

static const struct demo_step replayed[] = {
    {"unlock_before_end", NULL, TAP("bob", "wagon", "door", "unlock"), LK_OK, -1, "unlocked", 0},
    {"end_key",
     "Now the refusals. Alice ends Bob's key in the wagon's menu.",
     {"car", "menu", "wagon", "end", "@key"},
     LK_OK,
     -1,
     NULL,
     0},
    {"ended_refused", "His phone still holds it, and the car will not have it.",
     TAP("bob", "wagon", "door", "lock"), LK_TAP_KEY_ENDED, -1, NULL, 0},
    {"replay_refused",
     "The copied package is brought to the wagon again. Its signature is good; but the car "
     "remembers "
     "each key that was ended, and none comes back.",
     {"car", "menu", "wagon", "accept", "@/package2"},
     LK_SHARE_ENDED,
     -1,
     NULL,
     0},
};
static const struct demo_step forged[] = {
    {"forged_package_made", NULL,
     {"trace", "package", "@/invitation", "@/signed", "--link", "@link", "--out", "@/package"},
     LK_OK, -1, NULL, 0},
};
static const struct demo_step forged_refused[] = {
    {"forged_refused",
     "A package for the roadster, with one bit of Alice's signature changed.",
     {"car", "menu", "roadster", "accept", "@/package"}, LK_SHARE_SIGNATURE, -1, NULL, 0},
};
static const struct demo_step expired[] = {
    {"eleven_days_later",
     "Aurora's server tells the roadster the time, signed: eleven days are over.",
     {"car", "menu", "roadster", "time", "+11d"}, LK_OK, -1, NULL, 0},
    {"expired_refused",
     "Bob's key is no longer valid, whatever his own clock says.",
     TAP("bob", "roadster", "door", "unlock"), LK_TAP_EXPIRED, -1, NULL, 0},
    {"watch_still_opens",
     "The watch's is.",
     TAP("watch", "roadster", "door", "unlock"), LK_OK, -1, "unlocked", 0},
};

/* Changes one bit in the middle of the signature, which lies behind 7F25. */
static int forge(const struct demo *demo)
{
    char path[300], text[SHARE_TEXT_MAX];
    uint8_t package[2048];
    snprintf(path, sizeof path, "%s/package", demo->folder);
    if (share_read_text(demo->cli, path, NULL, text))
        return 0;
    long len = base64url_read(text, strlen(text), package, sizeof package);
    if (len < 200)
        return 0;
    package[170] ^= 1;
    return share_write_text(demo->cli, path, base64url_write(package, (size_t)len, text)) == 0;
}

/* Each car is paired with, and then switched off: it takes no part in what follows. */
static int own_cars(struct demo *demo)
{
    if (!demo_start_phone(demo, "alice") || !demo_start_phone(demo, "bob") ||
        !demo_start_phone(demo, "watch"))
        return 0;
    if (!demo_mint(demo, "roadster") || !demo_start_car(demo, "roadster"))
        return 0;
    demo_play(demo, STEPS(pair_roadster));
    demo_stop(demo, "roadster");
    if (!demo_mint(demo, "wagon") || !demo_start_car(demo, "wagon"))
        return 0;
    demo_play(demo, STEPS(pair_wagon));
    demo_stop(demo, "wagon");
    demo_say(demo, "Both cars are switched off now.");
    return demo->num_failed == 0;
}

static int tell(struct demo *demo)
{
    char link[sizeof demo->link];
    demo_play(demo, STEPS(world));
    if (demo->num_failed || !own_cars(demo))
        return 0;
    demo_play(demo, STEPS(share_roadster));
    memcpy(link, demo->link, sizeof link);
    if (!demo_start_car(demo, "roadster"))
        return 0;
    demo_play(demo, STEPS(at_roadster));
    demo_play(demo, STEPS(share_wagon));
    if (!demo_start_car(demo, "wagon"))
        return 0;
    demo_play(demo, STEPS(at_wagon));
    demo_play(demo, STEPS(share_watch));
    demo_stop(demo, "alice");
    demo_play(demo, STEPS(watch_alone));
    demo_play(demo, STEPS(replayed));
    memcpy(demo->link, link, sizeof link);
    demo_play(demo, STEPS(forged));
    if (!forge(demo))
        return 0;
    demo_play(demo, STEPS(forged_refused));
    demo_play(demo, STEPS(expired));
    return 1;
}

int demo_share_run(struct cli *cli)
{
    return demo_tell(cli, tell);
}
