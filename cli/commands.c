/* commands.c: every subcommand, one row. Help, completion and the man page come from here. */
#include "demo.h"
#include "rows.h"

#define OPTION_TRACE {"trace", "FILE", NULL, "append a trace to FILE (JSON lines)"}
#define OPTION_CRYPTO {"crypto", "NAME", "openssl|bearssl", "crypto provider (default openssl)"}
#define OPTION_RADIO {"radio", "NAME", "tcp|pcsc", "how phone and car meet (default tcp)"}
#define OPTION_READER(text) {"reader", "PLACE", "door|dashboard", text}
#define END {NULL, NULL, NULL, NULL}

const struct cli_command cli_commands[] = {
    {"demo", NULL, "", 0, 0, "one scripted day with real processes: pair, unlock, start, lock, refusals",
     "Makes a world in a temporary folder, starts a car and a phone, and tells what happens.\n"
     "With --json one object a step: step, ok, ms, status. ok is true when the step came out as expected.",
     {OPTION_RADIO, OPTION_TRACE, OPTION_CRYPTO, {"keep", NULL, NULL, "keep the folder and its trace"}, END}, demo_run, 0},
    {"world", "new", "", 0, 0, "make a world: automakers, device makers, cars and phones, all cross-signed",
     "Two automakers (aurora; borealis with an intermediate CA), two device makers (pomelo, quince),\n"
     "cars roadster and coupe (aurora) and wagon (borealis), phones alice (pomelo) and bob (quince).",
     {{"environment", "NAME", "test|production", "which certificates to make (default test)"}, OPTION_CRYPTO, END},
     world_new, 0},
    {"world", "show", "", 0, 0, "list what the world holds and how its parts are linked", "", {END}, world_show, 0},
    {"ceremony", "new", "FOLDER", 1, 1, "make an automaker and a device maker in FOLDER and cross-sign them",
     "Writes J, an optional intermediate, D and F, with their private keys (mode 0600), and a file that names the\n"
     "environment. Sets of different environments do not mix.",
     {{"environment", "NAME", "test|production", "test (default) or production"},
      {"automaker", "NAME", NULL, "name of the automaker (default aurora)"},
      {"device-maker", "NAME", NULL, "name of the device maker (default pomelo)"},
      {"intermediate", NULL, NULL, "put an intermediate CA under the automaker's root"}, END}, ceremony_new, 0},
    {"ceremony", "show", "FOLDER", 1, 1, "check the certificates of a ceremony folder and print their chain", "",
     {END}, ceremony_show, 0},
    {"car", "run", "NAME", 1, 1, "run a car: door and dashboard reader, key table, lock and engine",
     "Over tcp the car listens on loopback and phones connect. Over pcsc the first reader whose name contains\n"
     "--door-reader is the door, --dashboard-reader the dashboard. Stops on SIGTERM or SIGINT.",
     {OPTION_RADIO, {"door-reader", "TEXT", NULL, "PC/SC reader at the door (default \"00 00\")"},
      {"dashboard-reader", "TEXT", NULL, "PC/SC reader on the dashboard (default \"00 01\")"}, OPTION_TRACE,
      OPTION_CRYPTO, END}, car_run, 0},
    {"car", "status", "NAME", 1, 1, "what a running car says: lock, engine, pairing, keys", "", {END}, car_status, 0},
    {"car", "menu", "NAME ITEM [KEY]", 2, 3, "the car's own menu",
     "ITEM: open-pairing, close-pairing, list, end KEY, suspend KEY, resume KEY, park.\n"
     "KEY is the key identifier, or the start of one, as list prints it.",
     {END}, car_menu, 0},
    {"car", "lookup", "IDENTIFIER", 1, 1, "the automaker's table: which car a vehicle identifier is", "", {END},
     car_lookup, 0},
    {"phone", "run", "NAME", 1, 1, "run a phone: a secure element process and a host process",
     "--element-only runs the element alone, as with an empty battery (power reserve).",
     {{"element-only", NULL, NULL, "no host process"}, OPTION_TRACE, OPTION_CRYPTO, END}, phone_run, 0},
    {"phone", "element", "NAME", 1, 1, "the element process of a phone", "", {OPTION_TRACE, OPTION_CRYPTO, END},
     phone_element, 1},
    {"phone", "host", "NAME", 1, 1, "the host process of a phone", "", {OPTION_TRACE, OPTION_CRYPTO, END},
     phone_host, 1},
    {"phone", "list", "NAME", 1, 1, "the passes in a phone's wallet", "", {END}, phone_list, 0},
    {"phone", "show", "NAME ITEM", 2, 2, "one pass in full", "", {END}, phone_show, 0},
    {"phone", "pair", "NAME", 1, 1, "pair a running phone with a running car as its owner",
     "Needs pairing mode (latchkey car menu CAR open-pairing) and the password of the car's verifier.",
     {{"car", "NAME", NULL, "the car"}, {"password", "DIGITS", NULL, "eight digits"},
      OPTION_READER("where the phone lies (default dashboard)"), END}, phone_pair, 0},
    {"phone", "rename", "NAME ITEM TEXT", 3, 3, "give a pass another name", "", {END}, phone_rename, 0},
    {"phone", "remove", "NAME ITEM", 2, 2, "remove a key from the phone, at once and offline", "", {END},
     phone_remove, 0},
    {"phone", "lock", "NAME ITEM STATE", 3, 3, "suspend (on) or resume (off) a key on the phone", "", {END}, phone_lock,
     0},
    {"phone", "express", "NAME STATE", 2, 2, "turn Express Mode on or off", "", {END}, phone_express, 0},
    {"phone", "authenticate", "NAME", 1, 1, "the user authenticates: good for one tap within a minute", "", {END},
     phone_authenticate, 0},
    {"phone", "hold", "NAME", 1, 1, "hold a phone to a reader and leave it there",
     "For outside tools, for example opensc-tool on a PC/SC reader.",
     {{"port", "NUMBER", NULL, "TCP port of the reader or of the virtual card driver"},
      {"namespace-of", "PID", NULL, "network namespace of this process"},
      {"seconds", "NUMBER", NULL, "how long (default 10)"}, END}, phone_hold, 0},
    {"tap", NULL, "", 0, 0, "hold a running phone to a reader of a running car", "Each side says in one line what it can know.",
     {{"phone", "NAME", NULL, "the phone"}, {"car", "NAME", NULL, "the car"}, OPTION_READER("which reader"),
      {"action", "NAME", "unlock|lock|start|toggle", "what the car is asked (default toggle at the door, else start)"},
      END}, tap_once, 0},
    {"verifier", "new", "", 0, 0, "mint a pairing password and its verifier, as the automaker's server does",
     "With --car the verifier goes into that car (running or not) and only the password is printed.",
     {{"car", "NAME", NULL, "load it into this car"}, {"password", "TEXT", NULL, "use this one (default eight random digits)"},
      {"salt", "HEX", NULL, "16 bytes (default random)"}, {"n", "NUMBER", NULL, "scrypt N (default 32768)"},
      {"any-password", NULL, NULL, "allow a password that is not eight digits (test vectors)"}, END}, verifier_new, 0},
    {"verifier", "check", "", 0, 0, "recompute the published vector", "", {END}, verifier_check, 0},
    {"trace", "show", "FILE", 1, 1, "list the APDUs of a trace, both sides in one timeline", "", {END}, trace_show, 0},
    {"trace", "explain", "FILE", 1, 1, "name every byte, every check, and the first cause of a refusal", "", {END},
     trace_explain, 0},
    {"crypto", NULL, "", 0, 0, "the inventory of algorithms in use and the provider of each", "", {OPTION_CRYPTO, END},
     crypto_inventory, 0},
    {"completion", NULL, "SHELL", 1, 1, "print completion for bash, zsh or fish", "", {END}, completion_print, 0},
    {"manual", NULL, "", 0, 0, "print the man page source (scdoc)", "", {END}, manual_print, 0},
};
const size_t cli_num_commands = sizeof cli_commands / sizeof cli_commands[0];
