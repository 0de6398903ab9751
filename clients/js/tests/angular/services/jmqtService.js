// The wrapper that the guide describes: promises for the calls, broadcasts for 'push' and 'disconnect'.
myApp.service('jmqtService', function ($q, $rootScope) {
  var _jmqtClient

  this.init = function (host, port, ssl) {
    _jmqtClient = new JMQTClient(host, port, ssl)
    _jmqtClient.on('push', function (channel, client, data, qos, retainFlag) {
      $rootScope.$apply(function () {
        $rootScope.$broadcast('jmqt:push', { channel: channel, client: client, data: data, qos: qos, retain: retainFlag })
      })
    })
    _jmqtClient.on('disconnect', function (websockAddress) {
      $rootScope.$apply(function () {
        $rootScope.$broadcast('jmqt:disconnect', websockAddress)
      })
    })
  }

  this.auth = function (authData) {
    var deferred = $q.defer()
    _jmqtClient.auth(authData, function (status, token, clientId, msg) {
      deferred.resolve({ status: status, token: token, clientId: clientId, msg: msg })
    })
    return deferred.promise
  }

  this.connect = function (clientId, token) {
    var deferred = $q.defer()
    _jmqtClient.conn(clientId, token, function (status) {
      deferred.resolve({ status: status })
    })
    return deferred.promise
  }

  this.sub = function (channelName, persistentFlag) {
    var deferred = $q.defer()
    _jmqtClient.sub(channelName, persistentFlag || 0, function (status, channel) {
      deferred.resolve({ status: status, channel: channel })
    })
    return deferred.promise
  }

  this.pub = function (channelName, jsonData, retainFlag, qos) {
    var deferred = $q.defer()
    _jmqtClient.pub(channelName, jsonData, retainFlag || 0, qos || 0, function (status, packetId, respData) {
      deferred.resolve({ status: status, packetId: packetId, respData: respData })
    })
    return deferred.promise
  }

  this.disconnect = function (sendDisconn) {
    _jmqtClient.disconnect(sendDisconn)
  }
})
