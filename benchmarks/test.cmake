# Runs BENCH for a moment, with its files in FOLDER, and looks at what it writes and what it refuses.
file(REMOVE_RECURSE ${FOLDER})
file(MAKE_DIRECTORY ${FOLDER}/data)

execute_process(COMMAND ${BENCH} --quick --dir ${FOLDER}/data --json ${FOLDER}/figures.json
  OUTPUT_VARIABLE table COMMAND_ERROR_IS_FATAL ANY)
file(READ ${FOLDER}/figures.json figures)

# One flat object of numbers above zero.
string(JSON count LENGTH "${figures}")
math(EXPR last "${count} - 1")
foreach(i RANGE ${last})
  string(JSON name MEMBER "${figures}" ${i})
  string(JSON type TYPE "${figures}" ${name})
  string(JSON figure GET "${figures}" ${name})
  if(NOT type STREQUAL "NUMBER" OR NOT figure GREATER 0)
    message(SEND_ERROR "${name} is ${figure} of type ${type}, not a number above 0")
  endif()
endforeach()

foreach(name
    append_batch1_full_ratio append_batch1_normal_ratio append_batch100_full_ratio
    append_batch100_normal_over_ceiling append_batch100_normal_over_textbook append_async1024_full_over_batch100_full
    append_tags2_over_untagged condition_check_p50_us
    append_threads64_full_over_threads1 append_threads64_over_own_connections append_threads64_p99_ms
    append_at_5m_over_at_100k read_all_ratio read_all_unmerged64k_ratio read_stream100_ratio
    read_stream100_unmerged64k_ratio read_stream_of_100k_ratio peak_tail_mib open_after_kill_ms
    file_bytes_per_event file_bytes_per_event_over_format1 send_warm_ratio send_warm_normal_ratio send_warm_over_append
    process_throughput_over_send process_throughput_normal_over_send
    replay_memory_events_per_s_over_raw_scan replay_peak_rss_mib
    rebuild_sql_over_raw_upsert rebuild_speedup_over_live_catch_up
    subscription_wakeup_p50_us durable_subscription_over_plain load_10k_snapshot_over_full compile_bank_model_s)
  string(JSON type ERROR_VARIABLE missing TYPE "${figures}" ${name})
  if(missing)
    message(SEND_ERROR "the JSON does not have ${name}")
  endif()
  if(NOT table MATCHES "\\| ${name} \\|")
    message(SEND_ERROR "the table does not have ${name}")
  endif()
endforeach()

file(GLOB leftovers ${FOLDER}/data/*)
if(leftovers)
  message(SEND_ERROR "left behind: ${leftovers}")
endif()

# refuses(WHAT IT SAYS ARGUMENT...)
function(refuses pattern)
  execute_process(COMMAND ${BENCH} ${ARGN} RESULT_VARIABLE code OUTPUT_QUIET ERROR_VARIABLE said)
  if(NOT code EQUAL 2 OR NOT said MATCHES "${pattern}")
    message(SEND_ERROR "${ARGN}: ended with ${code} and said: ${said}")
  endif()
endfunction()
refuses("there is no option '--fast'" --fast)
refuses("--json needs a value" --json)
refuses("--only nothing_like_it: no such name; there are:\nappend_batch1_full\n" --only nothing_like_it)
refuses("there is no such directory" --dir ${FOLDER}/absent)
if(EXISTS /dev/shm)
  refuses("/dev/shm: is in memory" --dir /dev/shm)
endif()
