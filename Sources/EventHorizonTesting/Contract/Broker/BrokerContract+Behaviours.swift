extension BrokerContract {
    /// Every behaviour of the contract.
    public static let behaviours: [Behaviour] = [
        Behaviour("commands of an aggregate come in order") { $0.commands_of_an_aggregate_come_in_order },
        Behaviour("an envelope arrives whole") { $0.an_envelope_arrives_whole },
        Behaviour("a later group sees history from the beginning") { $0.a_later_group_sees_history_from_the_beginning },
        Behaviour("a group that starts at the end sees no history") { $0.a_group_that_starts_at_the_end_sees_no_history },
        Behaviour("a category not asked for is skipped") { $0.a_category_not_asked_for_is_skipped },
        Behaviour("a commit reaches readers of its category and its sender") { $0.a_commit_reaches_readers_of_its_category_and_its_sender },
        Behaviour("appended commits are loaded") { $0.appended_commits_are_loaded },
        Behaviour("an append at the wrong place conflicts") { $0.an_append_at_the_wrong_place_conflicts },
        Behaviour("a commit without events takes a place") { $0.a_commit_without_events_takes_a_place },
        Behaviour("the same append twice is a duplicate") { $0.the_same_append_twice_is_a_duplicate },
        Behaviour("of two racing appends one wins", needs: [.racingGroups]) { $0.of_two_racing_appends_one_wins },
        Behaviour("a conflict keeps the whole outcome from being stored", needsAtomicSettle: true) {
            $0.a_conflict_keeps_the_whole_outcome_from_being_stored
        },
        Behaviour("a reader of events loads streams") { $0.a_reader_of_events_loads_streams },
        Behaviour("messages and letters of a member are stored") { $0.messages_and_letters_of_a_member_are_stored },
        Behaviour("a letter's message is loaded") { $0.a_letters_message_is_loaded },
        Behaviour("a log is read without a group") { $0.a_log_is_read_without_a_group },
        Behaviour("a stream's records are read alone") { $0.a_streams_records_are_read_alone },
        Behaviour("letters are read as they lie") { $0.letters_are_read_as_they_lie },
        Behaviour("a record over the limit is refused") { $0.a_record_over_the_limit_is_refused },
        Behaviour("odd aggregate ids are kept") { $0.odd_aggregate_ids_are_kept },
        Behaviour("long aggregate ids are kept", needs: [.longAggregateIDs]) { $0.long_aggregate_ids_are_kept },
        Behaviour("a message reaches one member of a group") { $0.a_message_reaches_one_member_of_a_group },
        Behaviour("every group gets every message") { $0.every_group_gets_every_message },
        Behaviour("what was not settled is delivered again") { $0.what_was_not_settled_is_delivered_again },
        Behaviour("a handover goes on at the recorded progress") { $0.a_handover_goes_on_at_the_recorded_progress },
        Behaviour("members come and go under load") { $0.members_come_and_go_under_load },
        Behaviour("a drained member passes its partitions on") { $0.a_drained_member_passes_its_partitions_on },
        Behaviour("a category is handled by one group") { $0.a_category_is_handled_by_one_group },
        Behaviour("a member with another store is refused") { $0.a_member_with_another_store_is_refused },
        Behaviour("a member starts where it says") { $0.a_member_starts_where_it_says },
        Behaviour("a request is answered") { $0.a_request_is_answered },
        Behaviour("a request ends at its deadline") { $0.a_request_ends_at_its_deadline },
    ]
}
