// As the guide has it: the broker's address stands here, and the service makes the client.
var query = new URLSearchParams(location.search)
var jmqtHost = '127.0.0.1'
var jmqtPort = Number(query.get('port'))
var enableSsl = false

var myApp = angular.module('myApp', [])
myApp.run(function (jmqtService) {
  jmqtService.init(jmqtHost, jmqtPort, enableSsl)
})
