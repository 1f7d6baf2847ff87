#include "bench_floor.h"

#include <stdio.h>
#include <string.h>

#ifdef KAFKA

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BATCH 2000
#define HANDLERS 2
#define TURNS 2
#define PATIENCE 60000

typedef struct {
    const bench_floor_options *options;
    bench_floor_result *result;
    char commands[64], events[64], group[64];
    long total;
    // Partitions that each handler holds, and whether the projector reads.
    atomic_int held[HANDLERS];
    atomic_int reads;
    atomic_int failed;
    atomic_long handled, rows;
    double started, ended;
} run;

typedef struct {
    run *run;
    int number;
} handler_place;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static int has_failed(run *r) { return atomic_load(&r->failed); }

static void fail(run *r, const char *what, const char *why) {
    if (!atomic_exchange(&r->failed, 1)) snprintf(r->result->error, sizeof r->result->error, "%s: %s", what, why ? why : "?");
}

static int bad(run *r, rd_kafka_resp_err_t code, const char *what) {
    if (code) fail(r, what, rd_kafka_err2str(code));
    return has_failed(r);
}

static int bad_transaction(run *r, rd_kafka_error_t *error, const char *what) {
    if (error) {
        fail(r, what, rd_kafka_error_string(error));
        rd_kafka_error_destroy(error);
    }
    return has_failed(r);
}

static void delivered(rd_kafka_t *client, const rd_kafka_message_t *message, void *context) {
    (void)client;
    bad(context, message->err, "a record is not stored");
}

// Fatal errors reach the calls that meet them; what else is logged on the way is tried again.
static void ignore_log(const rd_kafka_t *client, int level, const char *facility, const char *line) {
    (void)client, (void)level, (void)facility, (void)line;
}

/// `settings` are names and values in turn, with NULL after them.
static rd_kafka_t *open_client(run *r, rd_kafka_type_t type, const char *const *settings) {
    char error[256] = "";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_res_t set = rd_kafka_conf_set(conf, "bootstrap.servers", r->options->url, error, sizeof error);
    for (; set == RD_KAFKA_CONF_OK && *settings; settings += 2) set = rd_kafka_conf_set(conf, settings[0], settings[1], error, sizeof error);
    rd_kafka_conf_set_opaque(conf, r);
    rd_kafka_conf_set_log_cb(conf, ignore_log);
    if (type == RD_KAFKA_PRODUCER) rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_t *client = set == RD_KAFKA_CONF_OK ? rd_kafka_new(type, conf, error, sizeof error) : NULL;
    if (!client) {
        rd_kafka_conf_destroy(conf);
        fail(r, "client", error);
    }
    return client;
}

static int produce(run *r, rd_kafka_t *client, rd_kafka_topic_t *topic, int partition, const void *key, size_t keyed, void *body, size_t size) {
    while (rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, body, size, key, keyed, NULL)) {
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) return bad(r, rd_kafka_last_error(), "produce");
        rd_kafka_poll(client, 10);
        if (has_failed(r)) return 1;
    }
    return 0;
}

/// Waits for one message, takes what else is there already, and leaves out errors. Asking for many at once would wait for all of them.
static long take(run *r, rd_kafka_queue_t *queue, rd_kafka_message_t **messages) {
    ssize_t found = rd_kafka_consume_batch_queue(queue, 100, messages, 1);
    if (found == 1) {
        ssize_t more = rd_kafka_consume_batch_queue(queue, 0, messages + 1, BATCH - 1);
        if (more > 0) found += more;
    }
    long kept = 0;
    for (ssize_t i = 0; i < found; i++) {
        if (messages[i]->err) {
            fail(r, "read", rd_kafka_message_errstr(messages[i]));
            rd_kafka_message_destroy(messages[i]);
        } else {
            messages[kept++] = messages[i];
        }
    }
    return kept;
}

static int is_ready(run *r) {
    int held = 0;
    for (int i = 0; i < HANDLERS; i++) held += atomic_load(&r->held[i]);
    return held == r->options->partitions && (atomic_load(&r->held[0]) < held || held == 1) && atomic_load(&r->reads);
}

static void *publisher(void *context) {
    run *r = context;
    const char *const settings[] = {"enable.idempotence", "true", "linger.ms", r->options->rate ? "0" : "5", NULL};
    rd_kafka_t *client = open_client(r, RD_KAFKA_PRODUCER, settings);
    if (!client) return NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, r->commands, NULL);
    while (!is_ready(r) && !has_failed(r)) usleep(1000);
    char *body = calloc(1, r->options->payload), key[32];
    long warm_up = r->options->warm_up;
    r->started = now();
    for (long i = 0; i < r->total && !has_failed(r); i++) {
        if (i == warm_up && warm_up) {
            while (atomic_load(&r->rows) < warm_up && !has_failed(r)) rd_kafka_poll(client, 1);
            r->started = now();
        }
        double due = r->options->rate && i >= warm_up ? r->started + (double)(i - warm_up) / r->options->rate : now();
        while (now() < due) {
            rd_kafka_poll(client, 0);
            if (due - now() > 0.0002) usleep(100);
        }
        int aggregate = i % r->options->aggregates;
        int length = snprintf(key, sizeof key, "%d", aggregate);
        memcpy(body, &due, sizeof due);
        produce(r, client, topic, aggregate % r->options->partitions, key, length, body, r->options->payload);
        if (i % 256 == 0) rd_kafka_poll(client, 0);
    }
    bad(r, rd_kafka_flush(client, PATIENCE), "flush");
    free(body);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(client);
    return NULL;
}

/// One transaction: an event for each command, and that the commands are done.
static void decide(run *r, rd_kafka_t *consumer, rd_kafka_t *producer, rd_kafka_topic_t *topic, rd_kafka_message_t **batch, long count) {
    rd_kafka_topic_partition_list_t *offsets = rd_kafka_topic_partition_list_new(r->options->partitions);
    rd_kafka_consumer_group_metadata_t *metadata = rd_kafka_consumer_group_metadata(consumer);
    if (bad_transaction(r, rd_kafka_begin_transaction(producer), "begin")) goto end;
    for (long i = 0; i < count; i++) {
        rd_kafka_message_t *message = batch[i];
        if (produce(r, producer, topic, message->partition, message->key, message->key_len, message->payload, message->len)) goto end;
        rd_kafka_topic_partition_t *offset = rd_kafka_topic_partition_list_find(offsets, r->commands, message->partition);
        if (!offset) offset = rd_kafka_topic_partition_list_add(offsets, r->commands, message->partition);
        offset->offset = message->offset + 1;
    }
    // Flushed first: the offsets would else wait behind the records in the same transaction.
    if (bad(r, rd_kafka_flush(producer, PATIENCE), "flush")) goto end;
    if (bad_transaction(r, rd_kafka_send_offsets_to_transaction(producer, offsets, metadata, PATIENCE), "offsets")) goto end;
    bad_transaction(r, rd_kafka_commit_transaction(producer, PATIENCE), "commit");
end:
    rd_kafka_consumer_group_metadata_destroy(metadata);
    rd_kafka_topic_partition_list_destroy(offsets);
}

static void *handler(void *context) {
    handler_place *place = context;
    run *r = place->run;
    const char *const reading[] = {
        "group.id", r->group, "enable.auto.commit", "false", "auto.offset.reset", "earliest", "isolation.level", "read_committed", NULL};
    rd_kafka_t *consumer = open_client(r, RD_KAFKA_CONSUMER, reading);
    rd_kafka_t *producers[TURNS] = {NULL};
    rd_kafka_topic_t *topics[TURNS] = {NULL};
    rd_kafka_message_t **batch = calloc(BATCH, sizeof *batch);
    if (!consumer) goto end;
    for (int i = 0; i < TURNS; i++) {
        char id[96];
        snprintf(id, sizeof id, "%s/%d/%d", r->group, place->number, i);
        // The broker may still finish the turn's last transaction: asked again after 5 ms, not after the default's 100.
        const char *const writing[] = {"transactional.id", id, "retry.backoff.ms", "5", "linger.ms", "1000", NULL};
        if (!(producers[i] = open_client(r, RD_KAFKA_PRODUCER, writing))) goto end;
        topics[i] = rd_kafka_topic_new(producers[i], r->events, NULL);
        if (bad_transaction(r, rd_kafka_init_transactions(producers[i], PATIENCE), "init")) goto end;
    }
    rd_kafka_topic_partition_list_t *subscription = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(subscription, r->commands, RD_KAFKA_PARTITION_UA);
    bad(r, rd_kafka_subscribe(consumer, subscription), "subscribe");
    rd_kafka_topic_partition_list_destroy(subscription);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer);
    int turn = 0;
    while (atomic_load(&r->handled) < r->total && !has_failed(r)) {
        long count = take(r, queue, batch);
        if (count) {
            decide(r, consumer, producers[turn], topics[turn], batch, count);
            turn = (turn + 1) % TURNS;
            for (long i = 0; i < count; i++) rd_kafka_message_destroy(batch[i]);
            atomic_fetch_add(&r->handled, count);
        } else {
            rd_kafka_topic_partition_list_t *assigned = NULL;
            if (rd_kafka_assignment(consumer, &assigned) == RD_KAFKA_RESP_ERR_NO_ERROR) {
                atomic_store(&r->held[place->number], assigned->cnt);
                rd_kafka_topic_partition_list_destroy(assigned);
            }
        }
    }
    rd_kafka_queue_destroy(queue);
end:
    free(batch);
    for (int i = 0; i < TURNS; i++) {
        if (topics[i]) rd_kafka_topic_destroy(topics[i]);
        if (producers[i]) rd_kafka_destroy(producers[i]);
    }
    if (consumer) {
        rd_kafka_consumer_close(consumer);
        rd_kafka_destroy(consumer);
    }
    return NULL;
}

static sqlite3_stmt *prepare(run *r, sqlite3 *db, const char *sql) {
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) fail(r, "sqlite", sqlite3_errmsg(db));
    return statement;
}

static void step(run *r, sqlite3 *db, sqlite3_stmt *statement) {
    if (sqlite3_step(statement) != SQLITE_DONE) fail(r, "sqlite", sqlite3_errmsg(db));
    sqlite3_reset(statement);
}

static void project(run *r, rd_kafka_queue_t *queue, sqlite3 *db) {
    sqlite3_stmt *begin = prepare(r, db, "begin immediate"), *commit = prepare(r, db, "commit");
    sqlite3_stmt *upsert = prepare(r, db, "insert into t values(?,1,?) on conflict do update set n=n+1,pos=excluded.pos");
    sqlite3_stmt *position = prepare(r, db, "insert or replace into cp values(?,?)");
    rd_kafka_message_t **batch = calloc(BATCH, sizeof *batch);
    int64_t *offsets = calloc(r->options->partitions, sizeof *offsets);
    double *latencies = r->result->latencies = calloc(r->total, sizeof *latencies);
    long got = 0;
    atomic_store(&r->reads, 1);
    while (got < r->total && !has_failed(r)) {
        long count = take(r, queue, batch), first = got;
        if (!count) continue;
        step(r, db, begin);
        for (long i = 0; i < count; i++) {
            rd_kafka_message_t *message = batch[i];
            if (got < r->total) memcpy(&latencies[got++], message->payload, sizeof(double));
            char key[32] = "";
            memcpy(key, message->key, message->key_len < sizeof key ? message->key_len : sizeof key - 1);
            sqlite3_bind_int(upsert, 1, atoi(key));
            sqlite3_bind_int64(upsert, 2, message->offset);
            step(r, db, upsert);
            offsets[message->partition] = message->offset + 1;
            rd_kafka_message_destroy(message);
        }
        for (int i = 0; i < r->options->partitions; i++) {
            if (!offsets[i]) continue;
            sqlite3_bind_int(position, 1, i);
            sqlite3_bind_int64(position, 2, offsets[i]);
            step(r, db, position);
            offsets[i] = 0;
        }
        step(r, db, commit);
        double committed = now();
        for (long i = first; i < got; i++) latencies[i] = committed - latencies[i];
        atomic_store(&r->rows, got);
    }
    r->ended = now();
    sqlite3_stmt *sum = prepare(r, db, "select coalesce(sum(n),0) from t");
    if (sqlite3_step(sum) == SQLITE_ROW) r->result->rows = sqlite3_column_int64(sum, 0);
    sqlite3_stmt *all[] = {begin, commit, upsert, position, sum};
    for (int i = 0; i < 5; i++) sqlite3_finalize(all[i]);
    free(offsets);
    free(batch);
}

static void *projector(void *context) {
    run *r = context;
    const char *const settings[] = {"group.id", r->group, "enable.auto.commit", "false", "auto.offset.reset", "error", "isolation.level",
        "read_committed", NULL};
    rd_kafka_t *consumer = open_client(r, RD_KAFKA_CONSUMER, settings);
    if (!consumer) return NULL;
    rd_kafka_topic_partition_list_t *places = rd_kafka_topic_partition_list_new(r->options->partitions);
    for (int i = 0; i < r->options->partitions; i++) rd_kafka_topic_partition_list_add(places, r->events, i)->offset = 0;
    bad(r, rd_kafka_assign(consumer, places), "assign");
    rd_kafka_topic_partition_list_destroy(places);
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(r->options->rows, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK
        || sqlite3_exec(db,
               "pragma journal_mode=wal; pragma synchronous=normal;"
               "create table t(id int primary key, n int, pos int); create table cp(p int primary key, pos int)",
               NULL, NULL, NULL) != SQLITE_OK) {
        fail(r, "sqlite", sqlite3_errmsg(db));
    } else {
        rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer);
        project(r, queue, db);
        rd_kafka_queue_destroy(queue);
    }
    sqlite3_close(db);
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    return NULL;
}

static void check_topics(run *r, const rd_kafka_topic_result_t **topics, size_t count, const char *what) {
    for (size_t i = 0; i < count; i++) bad(r, rd_kafka_topic_result_error(topics[i]), what);
}

static void create_topics(run *r, rd_kafka_t *client, rd_kafka_queue_t *queue) {
    char error[256] = "";
    rd_kafka_NewTopic_t *topics[2] = {
        rd_kafka_NewTopic_new(r->commands, r->options->partitions, 1, error, sizeof error),
        rd_kafka_NewTopic_new(r->events, r->options->partitions, 1, error, sizeof error)};
    if (topics[0] && topics[1]) {
        rd_kafka_CreateTopics(client, topics, 2, NULL, queue);
        rd_kafka_event_t *event = rd_kafka_queue_poll(queue, PATIENCE);
        if (!event) {
            fail(r, "topics", "no answer");
        } else if (!bad(r, rd_kafka_event_error(event), "topics")) {
            size_t count = 0;
            const rd_kafka_topic_result_t **results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event), &count);
            check_topics(r, results, count, "topic");
        }
        if (event) rd_kafka_event_destroy(event);
    } else {
        fail(r, "topics", error);
    }
    for (int i = 0; i < 2; i++)
        if (topics[i]) rd_kafka_NewTopic_destroy(topics[i]);
}

static void delete_topics(run *r, rd_kafka_t *client, rd_kafka_queue_t *queue) {
    rd_kafka_DeleteTopic_t *topics[2] = {rd_kafka_DeleteTopic_new(r->commands), rd_kafka_DeleteTopic_new(r->events)};
    rd_kafka_DeleteTopics(client, topics, 2, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, PATIENCE);
    if (event) rd_kafka_event_destroy(event);
    rd_kafka_DeleteTopic_destroy_array(topics, 2);
}

void bench_floor_run_kafka(const bench_floor_options *options, bench_floor_result *result) {
    memset(result, 0, sizeof *result);
    run r = {.options = options, .result = result, .total = (long)options->warm_up + options->commands};
    // Names of their own: a topic that is deleted goes on for a while.
    long nonce = (long)(now() * 1000);
    snprintf(r.group, sizeof r.group, "floor-%ld", nonce);
    snprintf(r.commands, sizeof r.commands, "floor-%ld.commands", nonce);
    snprintf(r.events, sizeof r.events, "floor-%ld.events", nonce);
    const char *const none[] = {NULL};
    rd_kafka_t *client = open_client(&r, RD_KAFKA_PRODUCER, none);
    if (!client) return;
    rd_kafka_queue_t *queue = rd_kafka_queue_new(client);
    create_topics(&r, client, queue);
    if (!has_failed(&r)) {
        pthread_t threads[HANDLERS + 2];
        handler_place places[HANDLERS];
        for (int i = 0; i < HANDLERS; i++) {
            places[i] = (handler_place){.run = &r, .number = i};
            pthread_create(&threads[i], NULL, handler, &places[i]);
        }
        pthread_create(&threads[HANDLERS], NULL, projector, &r);
        pthread_create(&threads[HANDLERS + 1], NULL, publisher, &r);
        for (int i = 0; i < HANDLERS + 2; i++) pthread_join(threads[i], NULL);
        delete_topics(&r, client, queue);
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(client);
    if (!has_failed(&r)) result->seconds = r.ended - r.started;
}

#else

void bench_floor_run_kafka(const bench_floor_options *options, bench_floor_result *result) {
    (void)options;
    memset(result, 0, sizeof *result);
    snprintf(result->error, sizeof result->error, "this build links no Kafka: build with the trait Kafka");
}

#endif
