// Pictures of any common layout into I420: cut, scaled and turned, over libswscale.
// SPDX-License-Identifier: Apache-2.0
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>
#include <stdlib.h>

#include "Status.h"

struct martlet_picture_converter {
    struct SwsContext *scaler;
    AVFrame *source;  // the cut in a buffer of ours: libswscale reads and writes beyond the ends of rows
    AVFrame *scaled;
};

martlet_picture_converter *martlet_picture_converter_new(void) {
    martlet_picture_converter *converter = calloc(1, sizeof *converter);
    if (!converter) return NULL;
    converter->source = av_frame_alloc();
    converter->scaled = av_frame_alloc();
    if (converter->source && converter->scaled) return converter;
    martlet_picture_converter_free(converter);
    return NULL;
}

void martlet_picture_converter_free(martlet_picture_converter *converter) {
    sws_freeContext(converter->scaler);
    av_frame_free(&converter->source);
    av_frame_free(&converter->scaled);
    free(converter);
}

// Makes `frame` one of this layout, with a buffer kept from the last picture if it fits.
static int prepare(AVFrame *frame, enum AVPixelFormat format, int width, int height) {
    if (frame->data[0] && frame->format == format && frame->width == width && frame->height == height) return 0;
    av_frame_unref(frame);
    frame->format = format;
    frame->width = width;
    frame->height = height;
    return av_frame_get_buffer(frame, 0);
}

static enum AVPixelFormat format_of(int format) {
    switch (format) {
        case MARTLET_PIXELS_I420: return AV_PIX_FMT_YUV420P;
        case MARTLET_PIXELS_NV12: return AV_PIX_FMT_NV12;
        case MARTLET_PIXELS_NV21: return AV_PIX_FMT_NV21;
        case MARTLET_PIXELS_BGRA: return AV_PIX_FMT_BGRA;
        case MARTLET_PIXELS_RGB24: return AV_PIX_FMT_RGB24;
        case MARTLET_PIXELS_BGR24: return AV_PIX_FMT_BGR24;
        default: return AV_PIX_FMT_NONE;
    }
}

// Copies the cut into `source`.
static int cut(martlet_picture_converter *converter, martlet_image from, martlet_rectangle crop) {
    enum AVPixelFormat format = format_of(from.format);
    if (format == AV_PIX_FMT_NONE) return MARTLET_CODEC_REFUSED;
    int error = prepare(converter->source, format, crop.width, crop.height);
    if (error < 0) return martlet_status(error);
    const uint8_t *planes[4] = {NULL};
    int strides[4] = {0};
    for (int i = 0; i < 3 && from.planes[i]; i++) {
        int is_chroma = i > 0;
        // Bytes from one sample to its right neighbour.
        int step = from.format == MARTLET_PIXELS_BGRA ? 4
                   : from.format == MARTLET_PIXELS_RGB24 || from.format == MARTLET_PIXELS_BGR24 ? 3
                   : is_chroma && from.format != MARTLET_PIXELS_I420 ? 2 : 1;
        int x = is_chroma ? crop.x / 2 : crop.x, y = is_chroma ? crop.y / 2 : crop.y;
        planes[i] = from.planes[i] + (ptrdiff_t)from.strides[i] * y + (ptrdiff_t)x * step;
        strides[i] = from.strides[i];
    }
    av_image_copy(converter->source->data, converter->source->linesize, planes, strides, format, crop.width,
                  crop.height);
    return 0;
}

// Writes a plane of `width` x `height` turned clockwise; in squares, so that neither side leaves the cache.
static void turn(const uint8_t *from, int from_stride, int width, int height, int quarter_turns, uint8_t *to,
                 int to_stride) {
    enum { SIDE = 32 };
    if (quarter_turns == 0) {
        av_image_copy_plane(to, to_stride, from, from_stride, width, height);
        return;
    }
    for (int top = 0; top < height; top += SIDE) {
        for (int left = 0; left < width; left += SIDE) {
            int bottom = top + SIDE < height ? top + SIDE : height;
            int right = left + SIDE < width ? left + SIDE : width;
            for (int y = top; y < bottom; y++) {
                const uint8_t *row = from + (ptrdiff_t)y * from_stride;
                for (int x = left; x < right; x++) {
                    ptrdiff_t column, line;
                    if (quarter_turns == 1) {
                        column = height - 1 - y, line = x;
                    } else if (quarter_turns == 2) {
                        column = width - 1 - x, line = height - 1 - y;
                    } else {
                        column = y, line = width - 1 - x;
                    }
                    to[line * to_stride + column] = row[x];
                }
            }
        }
    }
}

int martlet_picture_converter_convert(martlet_picture_converter *converter, martlet_image from,
                                      martlet_rectangle crop, int quarter_turns, martlet_planes to,
                                      martlet_rectangle place) {
    int error = cut(converter, from, crop);
    if (error < 0) return error;
    int is_sideways = quarter_turns % 2;
    int width = is_sideways ? place.height : place.width, height = is_sideways ? place.width : place.height;
    AVFrame *picture = converter->source;
    if (picture->format != AV_PIX_FMT_YUV420P || width != crop.width || height != crop.height) {
        error = prepare(converter->scaled, AV_PIX_FMT_YUV420P, width, height);
        if (error < 0) return martlet_status(error);
        converter->scaler = sws_getCachedContext(
            converter->scaler, crop.width, crop.height, picture->format, width, height, AV_PIX_FMT_YUV420P,
            SWS_BILINEAR | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP, NULL, NULL, NULL);
        if (!converter->scaler) return MARTLET_CODEC_REFUSED;
        error = sws_scale(converter->scaler, (const uint8_t *const *)picture->data, picture->linesize, 0,
                          crop.height, converter->scaled->data, converter->scaled->linesize);
        if (error < 0) return martlet_status(error);
        picture = converter->scaled;
    }
    uint8_t *planes[3] = {to.y, to.u, to.v};
    for (int i = 0; i < 3; i++) {
        int stride = i ? to.c_stride : to.y_stride, x = i ? place.x / 2 : place.x, y = i ? place.y / 2 : place.y;
        turn(picture->data[i], picture->linesize[i], i ? (width + 1) / 2 : width, i ? (height + 1) / 2 : height,
             quarter_turns, planes[i] + (ptrdiff_t)y * stride + x, stride);
    }
    return 0;
}
