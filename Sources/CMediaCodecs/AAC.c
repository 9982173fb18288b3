// AAC-LC in ADTS frames, over libavcodec's own encoder and decoder.
// SPDX-License-Identifier: Apache-2.0
#include <libavutil/channel_layout.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "Status.h"

enum { FRAME_SAMPLES = 1024, HEADER_BYTES = 7, FRAME_BYTES_MAX = 8191 };

struct martlet_aac_encoder {
    AVCodecContext *context;
    AVFrame *frame;
    AVPacket *packet;
    int rate_index;
    int64_t time;
    int is_finished;
};

martlet_aac_encoder *martlet_aac_encoder_new(int rate, int rate_index, int channels, int bits_per_second, int *status) {
    const AVCodec *codec = avcodec_find_encoder_by_name("aac");
    if (!codec) {
        *status = MARTLET_CODEC_NOT_IN_BUILD;
        return NULL;
    }
    *status = MARTLET_CODEC_NO_MEMORY;
    martlet_aac_encoder *encoder = calloc(1, sizeof *encoder);
    if (!encoder) return NULL;
    encoder->rate_index = rate_index;
    encoder->context = avcodec_alloc_context3(codec);
    encoder->frame = av_frame_alloc();
    encoder->packet = av_packet_alloc();
    if (encoder->context && encoder->frame && encoder->packet) {
        AVCodecContext *context = encoder->context;
        martlet_silence(context);
        context->sample_rate = rate;
        context->sample_fmt = AV_SAMPLE_FMT_FLTP;
        context->bit_rate = bits_per_second;
        context->thread_count = 1;
        av_channel_layout_default(&context->ch_layout, channels);
        *status = martlet_status(avcodec_open2(context, codec, NULL));
        if (*status >= 0) {
            AVFrame *frame = encoder->frame;
            frame->format = AV_SAMPLE_FMT_FLTP;
            frame->nb_samples = FRAME_SAMPLES;
            frame->sample_rate = rate;
            av_channel_layout_default(&frame->ch_layout, channels);
            *status = martlet_status(av_frame_get_buffer(frame, 0));
            if (*status >= 0) return encoder;
        }
    }
    martlet_aac_encoder_free(encoder);
    return NULL;
}

void martlet_aac_encoder_free(martlet_aac_encoder *encoder) {
    avcodec_free_context(&encoder->context);
    av_frame_free(&encoder->frame);
    av_packet_free(&encoder->packet);
    free(encoder);
}

int martlet_aac_encoder_padding(martlet_aac_encoder *encoder) { return encoder->context->initial_padding; }

// Fills the frame and hands it over.
static int send_samples(martlet_aac_encoder *encoder, const int16_t *samples) {
    AVFrame *frame = encoder->frame;
    int error = av_frame_make_writable(frame);
    if (error < 0) return error;
    int channels = frame->ch_layout.nb_channels;
    for (int channel = 0; channel < channels; channel++) {
        float *plane = (float *)frame->extended_data[channel];
        for (int i = 0; i < FRAME_SAMPLES; i++) plane[i] = (float)samples[i * channels + channel] / 32768.0f;
    }
    frame->pts = encoder->time;
    encoder->time += FRAME_SAMPLES;
    return avcodec_send_frame(encoder->context, frame);
}

int martlet_aac_encoder_encode(martlet_aac_encoder *encoder, const int16_t *samples, uint8_t *out, int capacity) {
    int error = 0;
    if (samples) {
        error = send_samples(encoder, samples);
    } else if (!encoder->is_finished) {
        encoder->is_finished = 1;
        error = avcodec_send_frame(encoder->context, NULL);
    }
    if (error < 0) return martlet_status(error);
    error = avcodec_receive_packet(encoder->context, encoder->packet);
    if (error == AVERROR(EAGAIN) || error == AVERROR_EOF) return 0;
    if (error < 0) return martlet_status(error);
    int count = encoder->packet->size + HEADER_BYTES;
    int is_fitting = count <= capacity && count <= FRAME_BYTES_MAX;
    if (is_fitting) {
        // MPEG-4, no checksum; the profile (LC), rate and channels; the length; a buffer of unknown fullness.
        unsigned channels = (unsigned)encoder->context->ch_layout.nb_channels, length = (unsigned)count;
        out[0] = 0xFF;
        out[1] = 0xF1;
        out[2] = (uint8_t)(1 << 6 | encoder->rate_index << 2 | (int)(channels >> 2));
        out[3] = (uint8_t)((channels & 3) << 6 | length >> 11);
        out[4] = (uint8_t)(length >> 3);
        out[5] = (uint8_t)((length & 7) << 5 | 0x1F);
        out[6] = 0xFC;
        memcpy(out + HEADER_BYTES, encoder->packet->data, (size_t)encoder->packet->size);
    }
    av_packet_unref(encoder->packet);
    return is_fitting ? count : MARTLET_CODEC_NO_ROOM;
}

struct martlet_aac_decoder {
    AVCodecContext *context;
    AVPacket *packet;
    AVFrame *frame;
};

martlet_aac_decoder *martlet_aac_decoder_new(int *status) {
    const AVCodec *codec = avcodec_find_decoder_by_name("aac");
    if (!codec) {
        *status = MARTLET_CODEC_NOT_IN_BUILD;
        return NULL;
    }
    *status = MARTLET_CODEC_NO_MEMORY;
    martlet_aac_decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder) return NULL;
    decoder->context = avcodec_alloc_context3(codec);
    decoder->packet = av_packet_alloc();
    decoder->frame = av_frame_alloc();
    if (decoder->context && decoder->packet && decoder->frame) {
        martlet_silence(decoder->context);
        decoder->context->thread_count = 1;
        *status = martlet_status(avcodec_open2(decoder->context, codec, NULL));
        if (*status >= 0) return decoder;
    }
    martlet_aac_decoder_free(decoder);
    return NULL;
}

void martlet_aac_decoder_free(martlet_aac_decoder *decoder) {
    avcodec_free_context(&decoder->context);
    av_packet_free(&decoder->packet);
    av_frame_free(&decoder->frame);
    free(decoder);
}

static int16_t clipped(float sample) {
    float scaled = sample * 32768.0f;
    if (!(scaled > -32768.0f)) return scaled == scaled ? INT16_MIN : 0;  // not a number is silence
    return scaled >= 32767.0f ? INT16_MAX : (int16_t)lrintf(scaled);
}

int martlet_aac_decoder_decode(martlet_aac_decoder *decoder, const uint8_t *bytes, int count, int16_t *out,
                               int capacity, martlet_sound_info *info) {
    if (count <= 0) return MARTLET_CODEC_DAMAGED;  // an empty packet would end the stream
    AVFrame *frame = decoder->frame;
    while (avcodec_receive_frame(decoder->context, frame) >= 0) av_frame_unref(frame);  // what an error left
    // A packet without a buffer of its own is copied by libavcodec, with the padding its readers need.
    decoder->packet->data = (uint8_t *)bytes;
    decoder->packet->size = count;
    int sent = avcodec_send_packet(decoder->context, decoder->packet);
    av_packet_unref(decoder->packet);
    if (sent < 0) return martlet_input_status(sent);
    int written = 0, error;
    while ((error = avcodec_receive_frame(decoder->context, frame)) >= 0) {
        int channels = frame->ch_layout.nb_channels;
        if (frame->format != AV_SAMPLE_FMT_FLTP || channels < 1 || channels > 2 || frame->sample_rate < 1 || written > 0) {
            av_frame_unref(frame);
            return MARTLET_CODEC_DAMAGED;
        }
        if (frame->nb_samples > capacity / channels) return MARTLET_CODEC_NO_ROOM;
        for (int channel = 0; channel < channels; channel++) {
            const float *plane = (const float *)frame->extended_data[channel];
            for (int i = 0; i < frame->nb_samples; i++) out[i * channels + channel] = clipped(plane[i]);
        }
        info->rate = frame->sample_rate;
        info->channels = channels;
        info->sample_count = written = frame->nb_samples;
    }
    return error == AVERROR(EAGAIN) ? written : martlet_input_status(error);
}
