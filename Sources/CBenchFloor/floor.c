#define _GNU_SOURCE
#include "bench_floor.h"

#ifdef NATS

#include <errno.h>
#include <nats/nats.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define WINDOW 4096
#define BATCH 2000

typedef struct {
    const bench_floor_options *options;
    bench_floor_result *result;
    atomic_int ready;
    atomic_int failed;
    atomic_long rows;
    double started;
    double ended;
} run;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(run *r, const char *what, const char *why) {
    if (!atomic_exchange(&r->failed, 1)) snprintf(r->result->error, sizeof r->result->error, "%s: %s", what, why ? why : "?");
}

static int bad(run *r, natsStatus status, const char *what) {
    if (status == NATS_OK) return atomic_load(&r->failed);
    fail(r, what, natsStatus_GetText(status));
    return 1;
}

// An event loop that the thread itself turns.

typedef struct {
    natsConnection *connection;
    jsCtx *context;
    int epoll, socket;
    uint32_t wanted;
    pthread_mutex_t lock;
    char inbox[64];
    natsSubscription *messages, *answers;
    long asked;
} loop;

static natsStatus want(loop *l, uint32_t add, uint32_t drop) {
    pthread_mutex_lock(&l->lock);
    l->wanted = (l->wanted | add) & ~drop;
    struct epoll_event event = {.events = l->wanted};
    int failed = epoll_ctl(l->epoll, EPOLL_CTL_MOD, l->socket, &event);
    pthread_mutex_unlock(&l->lock);
    return failed ? NATS_ERR : NATS_OK;
}

static natsStatus attach(void **user, void *context, natsConnection *connection, natsSock socket) {
    loop *l = context;
    *user = l;
    l->connection = connection;
    l->socket = socket;
    l->wanted = EPOLLIN;
    struct epoll_event event = {.events = l->wanted};
    return epoll_ctl(l->epoll, EPOLL_CTL_ADD, socket, &event) ? NATS_ERR : NATS_OK;
}
static natsStatus want_read(void *user, bool add) { return want(user, add ? EPOLLIN : 0, add ? 0 : EPOLLIN); }
static natsStatus want_write(void *user, bool add) { return want(user, add ? EPOLLOUT : 0, add ? 0 : EPOLLOUT); }
static natsStatus detach(void *user) {
    (void)user;
    return NATS_OK;
}

/// Turns the loop once; `timeout` in milliseconds.
static void turn(loop *l, int timeout) {
    struct epoll_event event;
    if (epoll_wait(l->epoll, &event, 1, timeout) != 1) return;
    if (event.events & EPOLLOUT) natsConnection_ProcessWriteEvent(l->connection);
    if (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) natsConnection_ProcessReadEvent(l->connection);
}

static natsMsg *next(natsSubscription *subscription) {
    natsMsg *message = NULL;
    int waiting = 0;
    if (natsSubscription_GetPending(subscription, &waiting, NULL) != NATS_OK || waiting == 0) return NULL;
    return natsSubscription_NextMsg(&message, subscription, 0) == NATS_OK ? message : NULL;
}

static int open_loop(run *r, loop *l) {
    memset(l, 0, sizeof *l);
    pthread_mutex_init(&l->lock, NULL);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    natsOptions *settings = NULL;
    natsOptions_Create(&settings);
    natsOptions_SetURL(settings, r->options->url);
    natsOptions_SetSendAsap(settings, true);
    natsOptions_SetEventLoop(settings, l, attach, want_read, want_write, detach);
    natsStatus status = natsConnection_Connect(&l->connection, settings);
    natsOptions_Destroy(settings);
    if (bad(r, status, "connect")) return 1;
    natsInbox *inbox = NULL;
    natsInbox_Create(&inbox);
    snprintf(l->inbox, sizeof l->inbox, "%s", inbox);
    natsInbox_Destroy(inbox);
    char subject[96];
    snprintf(subject, sizeof subject, "%s.a.*", l->inbox);
    if (bad(r, natsConnection_SubscribeSync(&l->answers, l->connection, subject), "subscribe")) return 1;
    natsSubscription_SetPendingLimits(l->answers, -1, -1);
    snprintf(subject, sizeof subject, "%s.m", l->inbox);
    if (bad(r, natsConnection_SubscribeSync(&l->messages, l->connection, subject), "subscribe")) return 1;
    natsSubscription_SetPendingLimits(l->messages, -1, -1);
    return 0;
}

static void close_loop(loop *l) {
    natsSubscription_Destroy(l->messages);
    natsSubscription_Destroy(l->answers);
    natsConnection_Close(l->connection);
    natsConnection_Destroy(l->connection);
    close(l->epoll);
}

static void ask(run *r, loop *l, const char *stream) {
    char subject[96], inbox[96], body[96];
    snprintf(subject, sizeof subject, "$JS.API.CONSUMER.MSG.NEXT.%s.floor", stream);
    snprintf(inbox, sizeof inbox, "%s.m", l->inbox);
    snprintf(body, sizeof body, "{\"batch\":%d,\"expires\":30000000000}", BATCH);
    bad(r, natsConnection_PublishRequestString(l->connection, subject, inbox, body), "pull");
    l->asked += BATCH;
}

/// The number of the aggregate, which is the subject's last token.
static int aggregate_of(natsMsg *message) { return atoi(strrchr(natsMsg_GetSubject(message), '.') + 1); }

static void publish(run *r, loop *l, const char *subject, long number, const void *body, int length, long expected) {
    char reply[96], value[32];
    snprintf(reply, sizeof reply, "%s.a.%ld", l->inbox, number);
    natsMsg *message = NULL;
    if (bad(r, natsMsg_Create(&message, subject, reply, body, length), "message")) return;
    if (expected >= 0) {
        snprintf(value, sizeof value, "c%ld", number);
        natsMsgHeader_Set(message, "Nats-Msg-Id", value);
        snprintf(value, sizeof value, "%ld", expected);
        natsMsgHeader_Set(message, "Nats-Expected-Last-Subject-Sequence", value);
    }
    bad(r, natsConnection_PublishMsg(l->connection, message), "publish");
    natsMsg_Destroy(message);
}

static long take_answers(run *r, loop *l) {
    long taken = 0;
    for (natsMsg *answer; (answer = next(l->answers));) {
        if (memmem(natsMsg_GetData(answer), natsMsg_GetDataLength(answer), "\"error\"", 7)) fail(r, "append", natsMsg_GetData(answer));
        natsMsg_Destroy(answer);
        taken++;
    }
    return taken;
}

static void *publisher(void *context) {
    run *r = context;
    loop l;
    if (open_loop(r, &l)) return NULL;
    while (atomic_load(&r->ready) < 2 && !atomic_load(&r->failed)) usleep(1000);
    char *body = calloc(1, r->options->payload), subject[64];
    long stored = 0, warm_up = r->options->warm_up, count = warm_up + r->options->commands;
    r->started = now();
    for (long i = 0; i < count && !atomic_load(&r->failed); i++) {
        if (i == warm_up && warm_up) {
            while (atomic_load(&r->rows) < warm_up && !atomic_load(&r->failed)) {
                turn(&l, 1);
                stored += take_answers(r, &l);
            }
            r->started = now();
        }
        double due = r->options->rate && i >= warm_up ? r->started + (double)(i - warm_up) / r->options->rate : now();
        while (now() < due) {
            turn(&l, 0);
            stored += take_answers(r, &l);
            double left = due - now();
            if (left > 0.0002) usleep(100);
        }
        while (i - stored >= WINDOW && !atomic_load(&r->failed)) {
            turn(&l, 100);
            stored += take_answers(r, &l);
        }
        snprintf(subject, sizeof subject, "floor.cmd.%ld", i % r->options->aggregates);
        memcpy(body, &due, sizeof due);
        publish(r, &l, subject, i, body, r->options->payload, -1);
        if (r->options->rate || i % 64 == 63) turn(&l, 0);
    }
    while (stored < count && !atomic_load(&r->failed)) {
        turn(&l, 100);
        stored += take_answers(r, &l);
    }
    free(body);
    close_loop(&l);
    return NULL;
}

static void *handler(void *context) {
    run *r = context;
    loop l;
    if (open_loop(r, &l)) return NULL;
    long count = (long)r->options->warm_up + r->options->commands, got = 0, answered = 0, positioned = 0;
    long *last = calloc(r->options->aggregates, sizeof *last);
    char subject[64], position[32];
    ask(r, &l, "FLOOR_CMD");
    ask(r, &l, "FLOOR_CMD");
    atomic_fetch_add(&r->ready, 1);
    while (answered < count && !atomic_load(&r->failed)) {
        turn(&l, 100);
        for (natsMsg *message; got - answered < WINDOW && (message = next(l.messages));) {
            if (natsMsg_GetDataLength(message) > 0) {
                int aggregate = aggregate_of(message);
                snprintf(subject, sizeof subject, "floor.evt.%d", aggregate);
                publish(r, &l, subject, got, natsMsg_GetData(message), natsMsg_GetDataLength(message), last[aggregate]);
                last[aggregate] = ++got;
            }
            natsMsg_Destroy(message);
        }
        answered += take_answers(r, &l);
        if (l.asked - got < BATCH) ask(r, &l, "FLOOR_CMD");
        if (answered - positioned > 1000) {
            positioned = answered;
            snprintf(position, sizeof position, "%ld", answered);
            natsConnection_PublishString(l.connection, "floor.pos.handler", position);
        }
    }
    free(last);
    close_loop(&l);
    return NULL;
}

static void *projector(void *context) {
    run *r = context;
    loop l;
    sqlite3 *db = NULL;
    sqlite3_stmt *upsert = NULL, *position = NULL, *begin = NULL, *commit = NULL;
    if (open_loop(r, &l)) return NULL;
    if (sqlite3_open_v2(r->options->rows, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK
        || sqlite3_exec(db,
               "pragma journal_mode=wal; pragma synchronous=normal;"
               "create table t(id int primary key, n int, pos int); create table cp(p int primary key, pos int)",
               NULL, NULL, NULL) != SQLITE_OK) {
        fail(r, "sqlite", sqlite3_errmsg(db));
        return NULL;
    }
    sqlite3_prepare_v2(db, "insert into t values(?,1,?) on conflict do update set n=n+1,pos=excluded.pos", -1, &upsert, NULL);
    sqlite3_prepare_v2(db, "insert or replace into cp values(0,?)", -1, &position, NULL);
    sqlite3_prepare_v2(db, "begin immediate", -1, &begin, NULL);
    sqlite3_prepare_v2(db, "commit", -1, &commit, NULL);
    long count = (long)r->options->warm_up + r->options->commands, got = 0;
    double *latencies = r->result->latencies = calloc(count, sizeof *latencies);
    ask(r, &l, "FLOOR_EVT");
    ask(r, &l, "FLOOR_EVT");
    atomic_fetch_add(&r->ready, 1);
    while (got < count && !atomic_load(&r->failed)) {
        turn(&l, 100);
        natsMsg *message = next(l.messages);
        if (!message) continue;
        long first = got;
        sqlite3_step(begin);
        sqlite3_reset(begin);
        for (; message; message = next(l.messages)) {
            if (natsMsg_GetDataLength(message) > 0 && got < count) {
                memcpy(&latencies[got], natsMsg_GetData(message), sizeof(double));
                sqlite3_bind_int(upsert, 1, aggregate_of(message));
                sqlite3_bind_int64(upsert, 2, ++got);
                if (sqlite3_step(upsert) != SQLITE_DONE) fail(r, "sqlite", sqlite3_errmsg(db));
                sqlite3_reset(upsert);
            }
            natsMsg_Destroy(message);
        }
        sqlite3_bind_int64(position, 1, got);
        sqlite3_step(position);
        sqlite3_reset(position);
        if (sqlite3_step(commit) != SQLITE_DONE) fail(r, "sqlite", sqlite3_errmsg(db));
        sqlite3_reset(commit);
        double committed = now();
        for (long i = first; i < got; i++) latencies[i] = committed - latencies[i];
        atomic_store(&r->rows, got);
        if (l.asked - got < BATCH) ask(r, &l, "FLOOR_EVT");
    }
    r->ended = now();
    sqlite3_stmt *sum = NULL;
    sqlite3_prepare_v2(db, "select coalesce(sum(n),0) from t", -1, &sum, NULL);
    if (sqlite3_step(sum) == SQLITE_ROW) r->result->rows = sqlite3_column_int64(sum, 0);
    sqlite3_finalize(sum);
    sqlite3_finalize(upsert);
    sqlite3_finalize(position);
    sqlite3_finalize(begin);
    sqlite3_finalize(commit);
    sqlite3_close(db);
    close_loop(&l);
    return NULL;
}

static void add_stream(run *r, jsCtx *context, const char *name, const char *subject, int consumer) {
    jsErrCode code = 0;
    jsStreamConfig config;
    js_DeleteStream(context, name, NULL, NULL);
    jsStreamConfig_Init(&config);
    config.Name = name;
    config.Subjects = &subject;
    config.SubjectsLen = 1;
    if (bad(r, js_AddStream(NULL, context, &config, NULL, &code), "stream") || !consumer) return;
    jsConsumerConfig reader;
    jsConsumerConfig_Init(&reader);
    reader.Durable = "floor";
    reader.AckPolicy = js_AckNone;
    bad(r, js_AddConsumer(NULL, context, name, &reader, NULL, &code), "consumer");
}

void bench_floor_run(const bench_floor_options *options, bench_floor_result *result) {
    memset(result, 0, sizeof *result);
    run r = {.options = options, .result = result};
    natsConnection *connection = NULL;
    jsCtx *context = NULL;
    if (bad(&r, natsConnection_ConnectTo(&connection, options->url), "connect")) return;
    natsConnection_JetStream(&context, connection, NULL);
    add_stream(&r, context, "FLOOR_CMD", "floor.cmd.*", 1);
    add_stream(&r, context, "FLOOR_EVT", "floor.evt.*", 1);
    add_stream(&r, context, "FLOOR_POS", "floor.pos.*", 0);
    pthread_t threads[3];
    void *(*roles[3])(void *) = {handler, projector, publisher};
    for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, roles[i], &r);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    const char *streams[3] = {"FLOOR_CMD", "FLOOR_EVT", "FLOOR_POS"};
    for (int i = 0; i < 3; i++) js_DeleteStream(context, streams[i], NULL, NULL);
    jsCtx_Destroy(context);
    natsConnection_Destroy(connection);
    result->seconds = r.ended - r.started;
}

#else

#include <stdio.h>
#include <string.h>

void bench_floor_run(const bench_floor_options *options, bench_floor_result *result) {
    (void)options;
    memset(result, 0, sizeof *result);
    snprintf(result->error, sizeof result->error, "this build links no NATS: build with the trait NATS");
}

#endif
