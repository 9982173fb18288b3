// Parameter sets before every keyframe of H.264.
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "Reader.h"

enum { IDR = 5, SEQUENCE_SET = 7, PICTURE_SET = 8, SETS_BYTES_MAX = 64 << 10 };

// Where `00 00 01` begins, from `offset` on; `count` if nowhere.
static int start_code(const uint8_t *bytes, int count, int offset) {
    for (int i = offset; i + 2 < count; i++)
        if (bytes[i] == 0 && bytes[i + 1] == 0 && bytes[i + 2] == 1) return i;
    return count;
}

// Appends the unit in `bytes[from..<to]`, which is without a start code.
static int append(uint8_t **sets, int *sets_count, const uint8_t *bytes, int from, int to) {
    int count = to - from;
    if (count > SETS_BYTES_MAX - 4 - *sets_count) return 0;  // nobody has parameter sets like that
    uint8_t *grown = realloc(*sets, (size_t)(*sets_count + 4 + count));
    if (!grown) return AVERROR(ENOMEM);
    *sets = grown;
    memcpy(grown + *sets_count, (const uint8_t[]){0, 0, 0, 1}, 4);
    memcpy(grown + *sets_count + 4, bytes + from, (size_t)count);
    *sets_count += 4 + count;
    return 0;
}

// What a byte stream holds: its parameter sets are put into `sets`.
static int look(const uint8_t *bytes, int count, uint8_t **sets, int *sets_count, int *has_idr, int *has_sequence_set) {
    int code = start_code(bytes, count, 0);
    while (code + 3 < count) {
        int from = code + 3, next = start_code(bytes, count, from), to = next;
        while (to > from && bytes[to - 1] == 0) to--;
        code = next;
        if (to == from) continue;
        int type = bytes[from] & 31;
        if (type == IDR) *has_idr = 1;
        if (type == SEQUENCE_SET) *has_sequence_set = 1;
        if (type == SEQUENCE_SET || type == PICTURE_SET) {
            int error = append(sets, sets_count, bytes, from, to);
            if (error < 0) return error;
        }
        if (type >= 1 && type <= IDR) break;  // nothing that is looked for stands behind the first slice
    }
    return 0;
}

int martlet_complete_keyframe(martlet_file_reader *reader) {
    AVPacket *packet = reader->packet;
    uint8_t *found = NULL;
    int found_count = 0, has_idr = 0, has_sequence_set = 0;
    int error = look(packet->data, packet->size, &found, &found_count, &has_idr, &has_sequence_set);
    if (error < 0) {
        free(found);
        return error;
    }
    // A stream of which somebody joins must begin with IDR; FFmpeg calls other pictures keyframes too.
    if (!has_idr) packet->flags &= ~AV_PKT_FLAG_KEY;
    if (has_idr) packet->flags |= AV_PKT_FLAG_KEY;
    if (has_sequence_set) {
        free(reader->sets);
        reader->sets = found;
        reader->sets_count = found_count;
        return 0;
    }
    free(found);
    if (!has_idr) return 0;
    const uint8_t *sets = reader->sets;
    int sets_count = reader->sets_count, is_given = 0;
    uint8_t *given = NULL;
    if (!sets) {
        // Never in the stream: what stands in the file's head.
        const AVCodecParameters *parameters =
            reader->filter ? reader->filter->par_out : reader->format->streams[reader->picture.index]->codecpar;
        int given_count = 0, ignored = 0;
        if (parameters->extradata_size > 0)
            error = look(parameters->extradata, parameters->extradata_size, &given, &given_count, &ignored, &ignored);
        sets = given;
        sets_count = given_count;
        is_given = 1;
    }
    if (error >= 0 && sets_count > 0 && packet->size <= INT32_MAX - sets_count - AV_INPUT_BUFFER_PADDING_SIZE) {
        int size = packet->size;
        AVBufferRef *joined = av_buffer_alloc((size_t)(sets_count + size + AV_INPUT_BUFFER_PADDING_SIZE));
        if (joined) {
            memcpy(joined->data, sets, (size_t)sets_count);
            memcpy(joined->data + sets_count, packet->data, (size_t)size);
            memset(joined->data + sets_count + size, 0, AV_INPUT_BUFFER_PADDING_SIZE);
            av_buffer_unref(&packet->buf);
            packet->buf = joined;
            packet->data = joined->data;
            packet->size = sets_count + size;
        } else {
            error = AVERROR(ENOMEM);
        }
    }
    if (is_given) free(given);
    return error;
}
