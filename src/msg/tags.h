/* tags.h: the tags of spec/facts/tags.def as numbers. One number may have several names. */
#ifndef LK_MSG_TAGS_H
#define LK_MSG_TAGS_H

enum lk_tag {
#define LK_TAG(name, value, where, text) LK_TAG_##name = value,
#include "facts/tags.def"
#undef LK_TAG
    LK_TAG_END_ = 0xffff
};

#endif
