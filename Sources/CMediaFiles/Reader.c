// Files and network sources into packets on one timeline, over libavformat.
// SPDX-License-Identifier: Apache-2.0
#include "Reader.h"

#include <libavutil/display.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { STREAMS_MAX = 64, PACKET_BYTES_MAX = 64 << 20, FRUITLESS_READS_MAX = 100000, ERRORS_MAX = 64 };

// What no time of a file exceeds either way: 73 years. Sums of a few cannot overflow.
static const int64_t TIME_MAX = INT64_C(1) << 61;

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

// FFmpeg asks this while it waits, about ten times a second.
static int is_to_be_given_up(void *opaque) {
    martlet_file_reader *reader = opaque;
    return atomic_load(&reader->stop->is_set) || now() > reader->deadline;
}

// Why a call came back: an interrupted one may answer with anything.
static int outcome(martlet_file_reader *reader, int error, char *text) {
    if (error >= 0) return error;
    if (atomic_load(&reader->stop->is_set)) return MARTLET_FILE_STOPPED;
    if (error == AVERROR_EXIT || now() > reader->deadline) return MARTLET_FILE_TIMED_OUT;
    return martlet_file_explain(error, text);
}

// Formats whose contents are names of other files or hosts.
static int is_list(const AVInputFormat *format) {
    static const char *const lists[] = {"concat", "hls", "dash", "imf", "sdp", "tedcaptions"};
    for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++)
        if (!strcmp(format->name, lists[i])) return 1;
    return 0;
}

// Opens a file and looks what it is before anything of it is believed.
static int open_local(martlet_file_reader *reader, martlet_file_source source, const AVInputFormat **format) {
    // Opening a pipe would wait for ever for somebody to write.
    struct stat about;
    const char *path = strncmp(source.url, "file:", 5) ? source.url : source.url + 5;
    if (stat(path, &about) < 0) return AVERROR(errno);
    if (!S_ISREG(about.st_mode)) return AVERROR(S_ISDIR(about.st_mode) ? EISDIR : EACCES);
    AVIOInterruptCB interruption = {is_to_be_given_up, reader};
    AVDictionary *options = NULL;
    int error = av_dict_set(&options, "protocol_whitelist", source.protocols, 0);
    if (error >= 0) error = avio_open2(&reader->input, source.url, AVIO_FLAG_READ, &interruption, &options);
    av_dict_free(&options);
    if (error >= 0) error = av_probe_input_buffer2(reader->input, format, source.url, NULL, 0, 0);
    return error < 0 ? error : 0;
}

static int set_options(AVDictionary **options, martlet_file_source source) {
    // Streams over UDP lose packets, and wait for those that a firewall drops.
    if (av_dict_set(options, "rtsp_transport", "tcp", 0) < 0) return AVERROR(ENOMEM);
    if (source.is_certificate_checked && av_dict_set(options, "tls_verify", "1", 0) < 0) return AVERROR(ENOMEM);
    return 0;
}

static int open_format(martlet_file_reader *reader, martlet_file_source source, int *is_refused) {
    const AVInputFormat *kind = NULL;
    if (source.is_local) {
        int error = open_local(reader, source, &kind);
        if (error < 0) return error;
        if (is_list(kind)) {
            *is_refused = 1;
            return AVERROR(EINVAL);
        }
    }
    AVFormatContext *format = avformat_alloc_context();
    if (!format) return AVERROR(ENOMEM);
    format->interrupt_callback = (AVIOInterruptCB){is_to_be_given_up, reader};
    format->max_streams = STREAMS_MAX;
    format->protocol_whitelist = av_strdup(source.protocols);
    if (source.is_local) format->pb = reader->input;
    AVDictionary *options = NULL;
    int error = format->protocol_whitelist ? 0 : AVERROR(ENOMEM);
    if (error >= 0 && !source.is_local) error = set_options(&options, source);
    if (error < 0) {
        avformat_free_context(format);
    } else {
        error = avformat_open_input(&format, source.url, kind, &options);  // which frees the context on failure
        if (error >= 0) reader->format = format;
    }
    av_dict_free(&options);
    if (error >= 0 && !strcmp(format->iformat->name, "concat")) {
        *is_refused = 1;
        return AVERROR(EINVAL);
    }
    return error;
}

// Lets FFmpeg read as much as it needs to know what the streams are.
static int look_at_streams(martlet_file_reader *reader, martlet_file_source source) {
    AVFormatContext *format = reader->format;
    unsigned count = format->nb_streams;
    AVDictionary **options = count ? calloc(count, sizeof *options) : NULL;
    if (count && !options) return AVERROR(ENOMEM);
    for (unsigned i = 0; i < count; i++) av_dict_set_int(&options[i], "max_pixels", source.pixels_max, 0);
    int error = avformat_find_stream_info(format, options);
    for (unsigned i = 0; i < count; i++) av_dict_free(&options[i]);
    free(options);
    if (error < 0) return error;
    reader->picture.index = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    reader->sound.index = av_find_best_stream(format, AVMEDIA_TYPE_AUDIO, -1, reader->picture.index, NULL, 0);
    int picture = reader->picture.index;
    // The cover of a record is no moving picture.
    if (picture >= 0 && format->streams[picture]->disposition & AV_DISPOSITION_ATTACHED_PIC) reader->picture.index = -1;
    if (reader->picture.index < 0 && reader->sound.index < 0) return AVERROR_STREAM_NOT_FOUND;
    for (unsigned i = 0; i < format->nb_streams; i++)
        if ((int)i != reader->picture.index && (int)i != reader->sound.index)
            format->streams[i]->discard = AVDISCARD_ALL;
    return 0;
}

// Makes H.264 a byte stream, if it is not.
static int open_filter(martlet_file_reader *reader) {
    if (reader->picture.index < 0) return 0;
    AVStream *stream = reader->format->streams[reader->picture.index];
    AVCodecParameters *parameters = stream->codecpar;
    if (parameters->codec_id != AV_CODEC_ID_H264 || parameters->extradata_size < 1 || parameters->extradata[0] != 1)
        return 0;
    const AVBitStreamFilter *filter = av_bsf_get_by_name("h264_mp4toannexb");
    if (!filter) return AVERROR_BSF_NOT_FOUND;
    int error = av_bsf_alloc(filter, &reader->filter);
    if (error >= 0) error = avcodec_parameters_copy(reader->filter->par_in, parameters);
    if (error < 0) return error;
    reader->filter->time_base_in = stream->time_base;
    return av_bsf_init(reader->filter);
}

martlet_file_reader *martlet_file_reader_new(martlet_file_source source, martlet_file_stop *stop, int *status, char *text) {
    martlet_file_silence();
    *status = MARTLET_FILE_NO_MEMORY;
    martlet_file_reader *reader = calloc(1, sizeof *reader);
    if (!reader) return NULL;
    reader->stop = stop;
    reader->read_timeout = source.read_timeout;
    reader->deadline = now() + source.open_timeout;
    reader->picture.index = reader->sound.index = -1;
    reader->packet = av_packet_alloc();
    int is_refused = 0;
    int error = reader->packet ? open_format(reader, source, &is_refused) : AVERROR(ENOMEM);
    if (error >= 0) error = look_at_streams(reader, source);
    if (error >= 0) error = open_filter(reader);
    if (error >= 0 && is_to_be_given_up(reader)) error = AVERROR_EXIT;  // some calls go on with what they have
    if (error >= 0) {
        // Where the earliest stream begins, the timeline does.
        int64_t start = reader->format->start_time;
        int64_t origin = start == AV_NOPTS_VALUE ? 0 : av_rescale(start, 1000000000, AV_TIME_BASE);
        reader->origin = origin < -TIME_MAX || origin > TIME_MAX ? 0 : origin;
        *status = 0;
        return reader;
    }
    *status = is_refused ? MARTLET_FILE_REFUSED : outcome(reader, error, text);
    martlet_file_reader_free(reader);
    return NULL;
}

void martlet_file_reader_free(martlet_file_reader *reader) {
    reader->deadline = now();  // saying goodbye to a server is not waited for
    av_bsf_free(&reader->filter);
    avformat_close_input(&reader->format);
    avio_closep(&reader->input);
    av_packet_free(&reader->packet);
    free(reader->sets);
    free(reader);
}

int64_t martlet_file_reader_duration(martlet_file_reader *reader) {
    int64_t duration = reader->format->duration;
    return duration == AV_NOPTS_VALUE || duration < 0 ? 0 : av_rescale(duration, 1000000000, AV_TIME_BASE);
}

void martlet_file_reader_format(martlet_file_reader *reader, char *name) {
    strncpy(name, reader->format->iformat->name, 31);
    name[31] = 0;
}

static int codec_of(enum AVCodecID codec) {
    switch (codec) {
        case AV_CODEC_ID_H264: return MARTLET_FILE_H264;
        case AV_CODEC_ID_VP8: return MARTLET_FILE_VP8;
        case AV_CODEC_ID_VP9: return MARTLET_FILE_VP9;
        case AV_CODEC_ID_AV1: return MARTLET_FILE_AV1;
        case AV_CODEC_ID_OPUS: return MARTLET_FILE_OPUS;
        case AV_CODEC_ID_AAC: return MARTLET_FILE_AAC;
        case AV_CODEC_ID_PCM_S16LE: return MARTLET_FILE_PCM;
        default: return MARTLET_FILE_OTHER;
    }
}

// By how many quarters a picture is to be turned clockwise, as its display matrix says.
static int quarter_turns(AVStream *stream) {
    size_t size = 0;
    uint8_t *matrix = av_stream_get_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
    if (!matrix || size < 9 * sizeof(int32_t)) return 0;
    double degrees = -av_display_rotation_get((const int32_t *)matrix);
    return degrees == degrees ? (int)lround(degrees / 90) & 3 : 0;
}

int martlet_file_reader_stream(martlet_file_reader *reader, int is_picture, martlet_file_stream_info *info,
                               martlet_file_parameters **parameters) {
    int index = is_picture ? reader->picture.index : reader->sound.index;
    if (index < 0) return 0;
    AVStream *stream = reader->format->streams[index];
    // The filter's output is what a decoder gets.
    const AVCodecParameters *from = is_picture && reader->filter ? reader->filter->par_out : stream->codecpar;
    martlet_file_parameters *made = calloc(1, sizeof *made);
    if (!made) return MARTLET_FILE_NO_MEMORY;
    made->parameters = avcodec_parameters_alloc();
    if (!made->parameters || avcodec_parameters_copy(made->parameters, from) < 0) {
        martlet_file_parameters_free(made);
        return MARTLET_FILE_NO_MEMORY;
    }
    *parameters = made;
    memset(info, 0, sizeof *info);
    info->codec = codec_of(from->codec_id);
    strncpy(info->codec_name, avcodec_get_name(from->codec_id), sizeof info->codec_name - 1);
    info->profile = from->profile;
    if (is_picture) {
        info->width = from->width;
        info->height = from->height;
        info->quarter_turns = quarter_turns(stream);
        AVRational rate = av_guess_frame_rate(reader->format, stream, NULL);
        info->frame_rate = rate.num > 0 && rate.den > 0 ? av_q2d(rate) : 0;
        info->is_8_bit_420 = from->format == AV_PIX_FMT_YUV420P || from->format == AV_PIX_FMT_YUVJ420P;
        info->is_interlaced = from->field_order > AV_FIELD_PROGRESSIVE;
        info->reordered_count = from->video_delay;
    } else {
        info->rate = from->sample_rate;
        info->channels = from->ch_layout.nb_channels;
    }
    return 1;
}

// A time of the file on the timeline; 0 if the file does not say it or says nonsense.
static int on_timeline(martlet_file_reader *reader, int64_t time, AVRational base, int64_t *out) {
    if (time == AV_NOPTS_VALUE) return 0;
    int64_t nanoseconds = av_rescale_q(time, base, (AVRational){1, 1000000000});
    if (nanoseconds < -TIME_MAX || nanoseconds > TIME_MAX) return 0;
    nanoseconds += reader->offset - reader->origin;
    if (nanoseconds < -TIME_MAX || nanoseconds > TIME_MAX) return 0;
    *out = nanoseconds;
    return 1;
}

// Gives the packet times on the timeline; what the file does not say follows from the packet before.
static void set_times(martlet_file_reader *reader, martlet_stream_place *place) {
    AVPacket *packet = reader->packet;
    AVRational base = reader->format->streams[place->index]->time_base;
    if (!reader->has_first && packet->dts != AV_NOPTS_VALUE) {
        reader->first = av_rescale_q(packet->dts, base, AV_TIME_BASE_Q);
        reader->has_first = 1;
    }
    int64_t decoding = place->next, presentation;
    int has_decoding = on_timeline(reader, packet->dts, base, &decoding);
    if (!on_timeline(reader, packet->pts, base, &presentation))
        presentation = decoding;
    else if (!has_decoding && presentation > decoding)
        decoding = presentation;
    // Clocks of live sources jump back, and damaged files say anything.
    if (place->has_last && decoding <= place->last) decoding = place->next > place->last ? place->next : place->last + 1;
    if (presentation < decoding) presentation = decoding;
    int64_t duration = packet->duration > 0 ? av_rescale_q(packet->duration, base, (AVRational){1, 1000000000}) : 0;
    if (duration <= 0 && place->has_last) duration = decoding - place->last;
    if (duration < 0 || duration > INT64_C(10000000000)) duration = 0;
    place->last = decoding;
    place->has_last = 1;
    place->next = decoding + duration;
    if (presentation + duration > reader->end) reader->end = presentation + duration;
    if (reader->end > TIME_MAX) reader->end = TIME_MAX;
    packet->pts = presentation;
    packet->dts = decoding;
    packet->duration = duration;
}

// A packet of ours, or 0 if this one is not wanted.
static int take(martlet_file_reader *reader, martlet_file_packet **out) {
    AVPacket *packet = reader->packet;
    int is_picture = packet->stream_index == reader->picture.index;
    if (!is_picture && packet->stream_index != reader->sound.index) return 0;
    if (packet->size <= 0 || packet->size > PACKET_BYTES_MAX) return 0;
    if (is_picture && reader->filter) {
        int error = av_bsf_send_packet(reader->filter, packet);
        if (error >= 0) error = av_bsf_receive_packet(reader->filter, packet);
        if (error == AVERROR(ENOMEM)) return error;
        if (error < 0 || packet->size <= 0) return 0;  // damaged: what follows may be whole
    }
    set_times(reader, is_picture ? &reader->picture : &reader->sound);
    if (is_picture && reader->format->streams[reader->picture.index]->codecpar->codec_id == AV_CODEC_ID_H264) {
        int error = martlet_complete_keyframe(reader);
        if (error < 0) return error;
    }
    martlet_file_packet *made = calloc(1, sizeof *made);
    if (!made) return AVERROR(ENOMEM);
    made->is_picture = is_picture;
    made->packet = av_packet_clone(packet);
    if (!made->packet) {
        free(made);
        return AVERROR(ENOMEM);
    }
    *out = made;
    return 1;
}

int martlet_file_reader_read(martlet_file_reader *reader, martlet_file_packet **packet, char *text) {
    reader->deadline = now() + reader->read_timeout;
    int errors = 0;
    for (int turn = 0; turn < FRUITLESS_READS_MAX; turn++) {
        if (is_to_be_given_up(reader)) return outcome(reader, AVERROR_EXIT, text);
        av_packet_unref(reader->packet);
        int error = av_read_frame(reader->format, reader->packet);
        if (error == AVERROR_EOF) return 0;
        if (error == AVERROR(EAGAIN)) continue;
        if (error == AVERROR_INVALIDDATA && ++errors < ERRORS_MAX) continue;
        if (error < 0) return outcome(reader, error, text);
        int taken = take(reader, packet);
        if (taken != 0) return martlet_file_explain(taken, text);
    }
    return MARTLET_FILE_NOT_MEDIA;
}

int martlet_file_reader_seek_to_start(martlet_file_reader *reader, char *text) {
    reader->deadline = now() + reader->read_timeout;
    AVFormatContext *format = reader->format;
    // A finished list of HLS has all of its parts to read again, though the list is not what is sought in.
    int is_finished_list = !strcmp(format->iformat->name, "hls") && martlet_file_reader_duration(reader) > 0;
    int is_seekable = format->pb && format->pb->seekable & AVIO_SEEKABLE_NORMAL;
    if (!is_finished_list && !is_seekable) return MARTLET_FILE_NO_SEEKING;
    int64_t start = format->start_time == AV_NOPTS_VALUE ? 0 : format->start_time;
    int error = avformat_seek_file(format, -1, INT64_MIN, start, start, 0);
    // HLS does not go before the first packet of all, whichever stream that was of.
    if (error < 0 && is_finished_list) error = avformat_seek_file(format, -1, start, reader->first, reader->first, 0);
    // Streams without times are found by their bytes.
    if (error < 0) error = avformat_seek_file(format, -1, 0, 0, 0, AVSEEK_FLAG_BYTE);
    if (error < 0) {
        int answer = outcome(reader, error, text);
        return answer == MARTLET_FILE_STOPPED || answer == MARTLET_FILE_TIMED_OUT ? answer : MARTLET_FILE_NO_SEEKING;
    }
    if (reader->filter) av_bsf_flush(reader->filter);
    // The next round begins where the last one ended.
    reader->offset = reader->end;
    reader->picture.next = reader->sound.next = reader->end;
    reader->picture.has_last = reader->sound.has_last = 0;
    return 0;
}
