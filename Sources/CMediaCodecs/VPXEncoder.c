// VP8 and VP9 as calls need them, over libvpx itself: libavcodec cannot change its rate while it runs.
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>
#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

#include "VideoEncoder.h"

struct vpx_face {
    vpx_codec_ctx_t context;
    vpx_codec_enc_cfg_t configuration;
    int is_open;
    int is_keyframe_due;  // one was wanted, and the picture left out
    int frame_rate;
    int64_t last_timestamp;  // microseconds, as given
    int64_t time;            // ticks, as the encoder is told
};

enum { TICKS_PER_SECOND = 90000 };

static int status(vpx_codec_err_t error) {
    switch (error) {
        case VPX_CODEC_OK: return 0;
        case VPX_CODEC_MEM_ERROR: return MARTLET_CODEC_NO_MEMORY;
        case VPX_CODEC_INVALID_PARAM: return MARTLET_CODEC_REFUSED;
        default: return MARTLET_CODEC_FAILED;
    }
}

static unsigned kilobits(int bits_per_second) { return bits_per_second < 1000 ? 1 : bits_per_second / 1000; }

// How large a keyframe may be, in percent of what a picture has on average: half of the buffer's aim.
static unsigned keyframe_percent(const vpx_codec_enc_cfg_t *configuration, int frame_rate) {
    unsigned percent = configuration->rc_buf_optimal_sz * (unsigned)frame_rate / 2 / 10;
    return percent < 300 ? 300 : percent;
}

static int open_encoder(vpx_face *encoder, martlet_video_settings settings) {
    int is_vp9 = settings.codec == MARTLET_CODEC_VP9;
    vpx_codec_iface_t *codec = is_vp9 ? vpx_codec_vp9_cx() : vpx_codec_vp8_cx();
    vpx_codec_enc_cfg_t *configuration = &encoder->configuration;
    vpx_codec_err_t error = vpx_codec_enc_config_default(codec, configuration, 0);
    if (error) return status(error);
    configuration->g_w = (unsigned)settings.width;
    configuration->g_h = (unsigned)settings.height;
    configuration->g_timebase = (struct vpx_rational){1, TICKS_PER_SECOND};
    configuration->g_threads = (unsigned)settings.threads;
    configuration->g_lag_in_frames = 0;
    configuration->g_error_resilient = 0;
    configuration->g_pass = VPX_RC_ONE_PASS;
    configuration->rc_end_usage = VPX_CBR;
    configuration->rc_target_bitrate = kilobits(settings.bits_per_second);
    configuration->rc_dropframe_thresh = 30;
    configuration->rc_resize_allowed = 0;
    configuration->rc_min_quantizer = 2;
    configuration->rc_max_quantizer = 56;
    configuration->rc_undershoot_pct = 100;
    configuration->rc_overshoot_pct = 15;
    configuration->rc_buf_sz = 1000;
    configuration->rc_buf_initial_sz = 500;
    configuration->rc_buf_optimal_sz = 600;
    configuration->kf_mode = VPX_KF_DISABLED;
    error = vpx_codec_enc_init(&encoder->context, codec, configuration, 0);
    if (error) return status(error);
    encoder->is_open = 1;
    vpx_codec_ctx_t *context = &encoder->context;
    if ((error = vpx_codec_control(context, VP8E_SET_CPUUSED, is_vp9 ? 8 : -6))) return status(error);
    if ((error = vpx_codec_control(context, VP8E_SET_MAX_INTRA_BITRATE_PCT,
                                   keyframe_percent(configuration, settings.frame_rate))))
        return status(error);
    if ((error = vpx_codec_control(context, VP8E_SET_STATIC_THRESHOLD, 1))) return status(error);
    if (is_vp9) error = vpx_codec_control(context, VP9E_SET_AQ_MODE, 3);
    return status(error);
}

vpx_face *vpx_face_new(martlet_video_settings settings, int *status) {
    *status = MARTLET_CODEC_NO_MEMORY;
    vpx_face *encoder = calloc(1, sizeof *encoder);
    if (!encoder) return NULL;
    encoder->frame_rate = settings.frame_rate;
    *status = open_encoder(encoder, settings);
    if (*status >= 0) return encoder;
    vpx_face_free(encoder);
    return NULL;
}

void vpx_face_free(vpx_face *encoder) {
    if (encoder->is_open) vpx_codec_destroy(&encoder->context);
    free(encoder);
}

int vpx_face_set_rate(vpx_face *encoder, int bits_per_second, int frame_rate) {
    encoder->frame_rate = frame_rate;
    encoder->configuration.rc_target_bitrate = kilobits(bits_per_second);
    return status(vpx_codec_enc_config_set(&encoder->context, &encoder->configuration));
}

int vpx_face_encode(vpx_face *encoder, martlet_const_planes from, int64_t timestamp_microseconds,
                    int is_keyframe_wanted, martlet_encoded *out) {
    vpx_image_t image;
    if (!vpx_img_wrap(&image, VPX_IMG_FMT_I420, (unsigned)from.width, (unsigned)from.height, 1, (uint8_t *)from.y))
        return MARTLET_CODEC_REFUSED;
    image.planes[VPX_PLANE_Y] = (uint8_t *)from.y;
    image.planes[VPX_PLANE_U] = (uint8_t *)from.u;
    image.planes[VPX_PLANE_V] = (uint8_t *)from.v;
    image.stride[VPX_PLANE_Y] = from.y_stride;
    image.stride[VPX_PLANE_U] = image.stride[VPX_PLANE_V] = from.c_stride;
    // Time must grow, and not by hours: a clock set wrong would give all its bits to one picture.
    int64_t step = TICKS_PER_SECOND / encoder->frame_rate, passed = 0;
    if (__builtin_sub_overflow(timestamp_microseconds, encoder->last_timestamp, &passed) || passed < 100
        || passed > 10000000)
        encoder->time += step;
    else
        encoder->time += passed * 9 / 100;
    encoder->last_timestamp = timestamp_microseconds;
    vpx_enc_frame_flags_t flags = is_keyframe_wanted || encoder->is_keyframe_due ? VPX_EFLAG_FORCE_KF : 0;
    vpx_codec_err_t error =
        vpx_codec_encode(&encoder->context, &image, encoder->time, (unsigned long)step, flags, VPX_DL_REALTIME);
    if (error) return status(error);
    encoder->is_keyframe_due = flags != 0;
    vpx_codec_iter_t position = NULL;
    const vpx_codec_cx_pkt_t *packet;
    while ((packet = vpx_codec_get_cx_data(&encoder->context, &position))) {
        if (packet->kind != VPX_CODEC_CX_FRAME_PKT || packet->data.frame.sz == 0) continue;
        out->bytes = packet->data.frame.buf;
        out->count = (int)packet->data.frame.sz;
        out->is_keyframe = (packet->data.frame.flags & VPX_FRAME_IS_KEY) != 0;
        encoder->is_keyframe_due = 0;
        return 1;
    }
    return 0;
}
