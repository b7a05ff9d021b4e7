"""Every statement on the graph, as constants. Labels and types stand here; whatever people say is a parameter.

The graph of one user, shared with no other::

    (User)-[:WAS_IN]->(Place)<-[:HELD_IN]-(Conversation)-[:DISCUSSES {weight}]->(Topic)<-[:INTERESTED_IN]-(User)
    (Conversation)-[:MENTIONS {name, kind}]->(Entity)<-[:KNOWS_OF]-(User)
    (Conversation)-[:FOLLOWED_BY]->(Conversation)      the next one of the same bot, place and session name
    (Entity)-[:TALKTIERS_RELATES_TO {kind, conversation}]->(Entity)

Topics belong together where a conversation discusses both, or one follows the other. No edge carries a count: strengths
are worked out from the edges and the times. A conversation holds its edges once more as ``edges`` and ``texts``, see
`packed_edges`: so a user's 20,000 conversations are read in 31 ms instead of 205 (measured on 5.26).

Whoever changes a user's graph holds the lock of the user's node until the end of the transaction; several users are
locked in the order of their keys. ``next_number`` and ``generation`` of the user say what a reader does not know yet.
"""

from __future__ import annotations

from typing import Final

# A property is set for the lock that comes with it, before anything that depends on it is read.
LOCK_USERS: Final = """
UNWIND $users AS row
MERGE (user:TalktiersUser {key: row.key})
ON CREATE SET user.id = row.id, user.namespace = row.namespace, user.tenant_id = row.tenant_id,
    user.user_id = row.user_id, user.generation = 0, user.next_number = 0
SET user.locked = true
"""
LOCK_USER: Final = """
MATCH (user:TalktiersUser {key: $user}) SET user.locked = true RETURN user.id
"""
HELD: Final = """
UNWIND $rows AS row
MATCH (user:TalktiersUser {key: row.user})
OPTIONAL MATCH (conversation:TalktiersConversation {key: user.id + '/' + row.id})
RETURN row.user, row.id, user.id, user.next_number, conversation.digest
"""
INSERT: Final = """
UNWIND $rows AS row
MATCH (user:TalktiersUser {key: row.user})
MERGE (place:TalktiersPlace {key: row.place.key})
ON CREATE SET place.bot_id = row.place.bot_id, place.compartment = row.place.compartment,
    place.audience = row.place.audience, place.channel_id = row.place.channel_id, place.server_id = row.place.server_id
MERGE (user)-[:WAS_IN]->(place)
CREATE (conversation:TalktiersConversation {
    key: row.key, conversation_id: row.id, place: row.place.key, number: row.number, position: row.position,
    occurred_at: row.occurred_at, sequence: row.sequence, session_id: row.session_id,
    digest: row.digest, edges: row.edges, texts: row.texts
})-[:HELD_IN]->(place)
FOREACH (item IN row.topics |
    MERGE (topic:TalktiersTopic {key: item.key}) ON CREATE SET topic.label = item.label
    MERGE (user)-[:INTERESTED_IN]->(topic)
    CREATE (conversation)-[:DISCUSSES {weight: item.weight}]->(topic)
)
FOREACH (item IN row.entities |
    MERGE (entity:TalktiersEntity {key: item.key}) ON CREATE SET entity.label = item.label
    MERGE (user)-[:KNOWS_OF]->(entity)
    CREATE (conversation)-[:MENTIONS {name: item.name, kind: item.kind}]->(entity)
)
FOREACH (item IN row.relations |
    MERGE (source:TalktiersEntity {key: item.source}) ON CREATE SET source.label = item.source_label
    MERGE (user)-[:KNOWS_OF]->(source)
    MERGE (target:TalktiersEntity {key: item.target}) ON CREATE SET target.label = item.target_label
    MERGE (user)-[:KNOWS_OF]->(target)
    CREATE (source)-[:TALKTIERS_RELATES_TO {kind: item.kind, conversation: row.key}]->(target)
)
"""
NUMBERED: Final = """
UNWIND $users AS row
MATCH (user:TalktiersUser {key: row.key})
SET user.next_number = row.next_number
"""
# Around each position where something came or went: what stands before, at and after it is joined.
RELINK: Final = """
UNWIND $positions AS row
OPTIONAL MATCH (here:TalktiersConversation {position: row.position})
WITH here,
    head(COLLECT {
        MATCH (before:TalktiersConversation)
        WHERE before.position >= row.begin AND before.position < row.position
        RETURN before ORDER BY before.position DESC LIMIT 1
    }) AS before,
    head(COLLECT {
        MATCH (after:TalktiersConversation)
        WHERE after.position > row.position AND after.position < row.end
        RETURN after ORDER BY after.position LIMIT 1
    }) AS after
UNWIND CASE WHEN here IS NULL THEN [[before, after]] ELSE [[before, here], [here, after]] END AS pair
WITH DISTINCT pair[0] AS one, pair[1] AS next
WHERE one IS NOT NULL AND next IS NOT NULL
OPTIONAL MATCH (one)-[former:FOLLOWED_BY]->(other) WHERE other <> next
DELETE former
WITH DISTINCT one, next
MERGE (one)-[:FOLLOWED_BY]->(next)
"""

FOUND: Final = """
UNWIND $keys AS key
MATCH (conversation:TalktiersConversation {key: key})
RETURN conversation.key, conversation.position, conversation.place,
    [(conversation)-[:DISCUSSES]->(topic) | topic.key], [(conversation)-[:MENTIONS]->(entity) | entity.key]
"""
DELETE_RELATIONS: Final = """
UNWIND $keys AS key
MATCH (source)-[relation:TALKTIERS_RELATES_TO]->(target) WHERE relation.conversation = key
WITH relation, source.key AS one, target.key AS other
DELETE relation
RETURN one, other
"""
DELETE_CONVERSATIONS: Final = """
UNWIND $keys AS key
MATCH (conversation:TalktiersConversation {key: key})
DETACH DELETE conversation
"""
DELETE_UNUSED_TOPICS: Final = """
UNWIND $keys AS key
MATCH (topic:TalktiersTopic {key: key}) WHERE NOT EXISTS { (topic)<-[:DISCUSSES]-() }
DETACH DELETE topic
"""
DELETE_UNUSED_ENTITIES: Final = """
UNWIND $keys AS key
MATCH (entity:TalktiersEntity {key: key})
WHERE NOT EXISTS { (entity)<-[:MENTIONS]-() } AND NOT EXISTS { (entity)-[:TALKTIERS_RELATES_TO]-() }
DETACH DELETE entity
"""
DELETE_UNUSED_PLACES: Final = """
UNWIND $keys AS key
MATCH (place:TalktiersPlace {key: key}) WHERE NOT EXISTS { (place)<-[:HELD_IN]-() }
DETACH DELETE place
"""
CHANGED: Final = """
UNWIND $users AS key
MATCH (user:TalktiersUser {key: key})
SET user.generation = user.generation + 1
"""
DELETE_EMPTY_USER: Final = """
MATCH (user:TalktiersUser {key: $user}) WHERE NOT EXISTS { (user)-[:WAS_IN]->() }
DETACH DELETE user
"""

# A forgotten user is out of every reader's sight at once, and whoever begins anew gets nodes of their own.
FORGET_USER: Final = """
MATCH (user:TalktiersUser {key: $user})
SET user:TalktiersForgottenUser
REMOVE user:TalktiersUser
"""
FORGET_CONVERSATIONS: Final = """
MATCH (user:TalktiersForgottenUser {key: $user})-[:WAS_IN]->()<-[:HELD_IN]-(conversation)
WITH conversation LIMIT $limit
DETACH DELETE conversation
RETURN count(*)
"""
FORGET_NODES: Final = """
MATCH (user:TalktiersForgottenUser {key: $user})-[:INTERESTED_IN|KNOWS_OF|WAS_IN]->(node)
WITH DISTINCT node LIMIT $limit
DETACH DELETE node
RETURN count(*)
"""
FORGET_REST: Final = """
MATCH (user:TalktiersForgottenUser {key: $user})
WHERE NOT EXISTS { (user)-[:INTERESTED_IN|KNOWS_OF|WAS_IN]->() }
DETACH DELETE user
"""

# The bounds come first: what is committed later has higher numbers, and is left to the next call.
VISIBLE: Final = """
MATCH (user:TalktiersUser {key: $user})
WITH user.id AS id, user.generation AS generation, user.next_number AS end, user,
    CASE WHEN user.id = $id AND user.generation = $generation THEN $begin ELSE 0 END AS begin
OPTIONAL MATCH (user)-[:WAS_IN]->(place:TalktiersPlace)
WHERE ($bot_id IS NULL OR place.bot_id = $bot_id) AND ($compartments IS NULL OR place.compartment IN $compartments)
OPTIONAL MATCH (conversation:TalktiersConversation)
WHERE conversation.place = place.key AND conversation.number >= begin
    AND conversation.number < CASE WHEN end < begin + $page THEN end ELSE begin + $page END
RETURN id, generation, begin, end, collect(conversation.edges), collect(conversation.texts)
"""
FOLLOWING: Final = """
MATCH (user:TalktiersUser {key: $user})
MATCH (asked:TalktiersConversation {key: user.id + '/' + $conversation_id})-[:HELD_IN]->(place:TalktiersPlace)
WHERE ($bot_id IS NULL OR place.bot_id = $bot_id) AND ($compartments IS NULL OR place.compartment IN $compartments)
MATCH (asked)-[:FOLLOWED_BY*]->(next)
RETURN asked.session_id, asked.occurred_at, next.occurred_at, next.conversation_id
LIMIT $limit
"""
CONVERSATION_IDS: Final = """
MATCH (user:TalktiersUser {key: $user})-[:WAS_IN]->()<-[:HELD_IN]-(conversation)
RETURN collect(conversation.conversation_id)
UNION ALL
MATCH (user:TalktiersForgottenUser {key: $user})-[:WAS_IN]->()<-[:HELD_IN]-(conversation)
RETURN collect(conversation.conversation_id)
"""
# Each of these is looked up where Neo4j keeps its counts.
SIZES: Final = """
RETURN COUNT { (:TalktiersConversation) } AS conversations,
    COUNT { (:TalktiersUser) } + COUNT { (:TalktiersPlace) } + COUNT { (:TalktiersTopic) } + COUNT { (:TalktiersEntity) }
        AS nodes,
    COUNT { (:TalktiersConversation)-->() } + COUNT { (:TalktiersUser)-->() } AS edges
"""
