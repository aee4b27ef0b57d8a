<?php
// What a shop calls: a token for each order, over GraphQL. Needs PHP 8.1 with curl and nothing else.
//
// It sells licences with updates until a day: what was released by then stays installable for ever, what comes later is not
// offered. Where all ends with a day, as with a subscription, give expiresAt instead of packageRules and neverExpires.
//
//   BROKER=https://packages.example.org SHOP_TOKEN=pkb_rw_… php shop.php paid 1187 acme/lib,acme/contracts 2027-11-25
//   … php shop.php linked 1187 acme/lib,acme/contracts 2027-11-25
//   … php shop.php relinked 1187
//   … php shop.php renewed 1187 2028-11-25
//   … php shop.php refunded 1187
//
// SHOP_TOKEN is a write token. It sees and changes only the tokens it made, and makes none larger than itself.

declare(strict_types=1);

/** Asks the API and returns its data. An error's code is in the exception: CONFLICT, BAD_USER_INPUT, FORBIDDEN, … */
function ask(string $query, array $variables): array
{
    $request = curl_init(getenv('BROKER') . '/graphql');
    curl_setopt_array($request, [
        CURLOPT_POSTFIELDS => json_encode(['query' => $query, 'variables' => $variables], JSON_THROW_ON_ERROR),
        CURLOPT_HTTPHEADER => ['Content-Type: application/json', 'Authorization: Bearer ' . getenv('SHOP_TOKEN')],
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_TIMEOUT => 10,
    ]);
    $body = curl_exec($request);
    if ($body === false) {
        throw new RuntimeException('The broker cannot be reached: ' . curl_error($request));
    }
    $answer = json_decode($body, true, 64, JSON_THROW_ON_ERROR);
    if (!isset($answer['data']) || isset($answer['errors'])) {
        $error = $answer['errors'][0] ?? ['message' => $answer['warning'] ?? $body];
        throw new RuntimeException(($error['extensions']['code'] ?? 'ERROR') . ': ' . $error['message']);
    }
    return $answer['data'];
}

/** The id of an order's token. */
function tokenOf(string $order): string
{
    $found = ask('query ($order: String!) {
        tokens(where: {externalId: $order, status: [ACTIVE, EXPIRED, DISABLED]}) { edges { node { id } } }
    }', ['order' => "order-$order"]);
    return $found['tokens']['edges'][0]['node']['id']
        ?? throw new RuntimeException("Order $order has no token, or one that is revoked.");
}

/** The rule of a licence: of whatever it includes, what was released by the end of a day. */
function updatesUntil(string $day): array
{
    return [['pattern' => '*', 'releasedBefore' => "{$day}T23:59:59Z"]];
}

/** Makes the order's token. The packages are what was bought and what that requires from here. */
function make(string $order, string $packages, string $until, bool $claim): array
{
    $made = ask('mutation ($in: CreateTokenInput!) { createToken(input: $in) { secret claimLink } }', ['in' => [
        'description' => "Order $order",
        'externalId' => "order-$order", // the same order again is a CONFLICT, and makes no second token
        'packages' => explode(',', $packages),
        'packageRules' => updatesUntil($until),
        'neverExpires' => true,
        'claim' => $claim,
    ]]);
    return $made['createToken'];
}

/** Makes the order's token and returns its secret, which is shown this once: send it to the customer. */
function paid(string $order, string $packages, string $until): string
{
    return make($order, $packages, $until, false)['secret'];
}

/**
 * The same for a shop that wants to hold no secret, and no mail to have one: returns a link that shows the secret to the
 * customer, once, within 7 days.
 */
function linked(string $order, string $packages, string $until): string
{
    return make($order, $packages, $until, true)['claimLink'];
}

/** Makes a new link, where the customer has lost the one before and not opened it; that one no longer works. */
function relinked(string $order): string
{
    $made = ask('mutation ($id: ID!) { renewClaim(id: $id) { claimLink } }', ['id' => tokenOf($order)]);
    return $made['renewClaim']['claimLink'];
}

/** Gives the order's token updates for longer; its secret stays. */
function renewed(string $order, string $until): string
{
    ask('mutation ($id: ID!, $rules: [PackageRuleInput!]) { updateToken(id: $id, input: {packageRules: $rules}) { id } }',
        ['id' => tokenOf($order), 'rules' => updatesUntil($until)]);
    return "Order $order has updates until $until.";
}

/** Ends the order's token at once. */
function refunded(string $order): string
{
    ask('mutation ($ids: [ID!]!) { revokeTokens(ids: $ids, reason: "refund") { id } }', ['ids' => [tokenOf($order)]]);
    return "Order $order has no packages any more.";
}

try {
    if (!getenv('BROKER') || !getenv('SHOP_TOKEN')) {
        throw new RuntimeException('Set BROKER to the address of the broker, and SHOP_TOKEN to the secret of a write token.');
    }
    $values = array_slice($argv, 2);
    echo match ([$argv[1] ?? '', count($values)]) {
        ['paid', 3] => paid(...$values),
        ['linked', 3] => linked(...$values),
        ['relinked', 1] => relinked(...$values),
        ['renewed', 2] => renewed(...$values),
        ['refunded', 1] => refunded(...$values),
        default => throw new RuntimeException('Say paid or linked ORDER PACKAGES DATE, relinked ORDER, renewed ORDER DATE, or refunded ORDER.'),
    }, "\n";
} catch (Exception $problem) {
    fwrite(STDERR, $problem->getMessage() . "\n");
    exit(1);
}
